"""The server: a web page and an HTTP API, under gunicorn with gevent workers.

``run`` starts it, ``app`` puts it together. A request passes ``body`` (bytes come in, bounded), ``api`` (what was asked
for), ``engine`` (the queue, and threads that read) and ``shapes`` (what the answer looks like). Needs ``shizi[serve]``.
"""
