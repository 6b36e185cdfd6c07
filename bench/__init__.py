"""The benchmark harness: what the product does in a second, with a lot of data, and when it is killed again and again.

`python -m bench` measures and writes report.md and report.json; `python -m bench.scale` works with large data; `python -m bench.soak`
kills the server under load. Each starts the real server on the loopback interface, in a directory of its own under `var/`.
"""
