"""What processes and attempts say of themselves: one way to say it, `logging`, and one form of it, `Line`.

    logger.info(…) ─▶ Line ─┬▶ this process's log (`setup`)        text at a terminal, JSON elsewhere
       log_context(…) ──▲   └▶ its attempt's log (`attempt`)       files in the clip store, read by `files`
    print(…), warnings ─▶ logging                                  (in workers)

Who logs need not know any of it: a library inside an attempt is heard like the farm itself.
"""
