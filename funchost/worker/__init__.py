"""Worker processes: the children that run the app's functions, and the host's side of their pipe.

`pool` is the way in for the rest of the host; `main` and the folder `child` run inside a worker process.
Nothing here knows HTTP routes, a task hub or a history.
"""
