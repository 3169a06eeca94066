"""`farm top`: the farm's overview drawn for a terminal, again and again, and the keys that are pressed meanwhile.

Overview + Look, width, height ──▶ frame() ──▶ lines        pure: the same values give the same signs
service.top ──▶ Lookout (a thread) ──▶ latest ─┐
keys ──▶ Look ─────────────────────────────────┴▶ LiveTop: one frame after the other, on the alternate screen
"""
