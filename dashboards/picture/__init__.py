"""Pictures of the dashboards, drawn from what a Prometheus answers to their own queries.

    Dashboard ─▶ answers (HTTP API) ─▶ page (HTML, SVG) ─▶ Chromium ─▶ PNG, for the docs

Near to what Grafana shows, and not Grafana: what a panel asks, and whether the answer can be read, is seen without one.
"""
