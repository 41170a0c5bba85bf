"""What every extracted service stands on, so that each holds its own subject only.

- `service`: the application around the handlers: API keys, error objects, `/healthz`, `/metrics`, the `X-Build` header,
  and the trace headers: an incoming `X-Request-Id` is answered with and, with the `traceparent`, in every log line.
- `database`: the monolith's SQLite file, which the services use for now (see `extracted`). Reads run on the event loop,
  writes on one thread.
- `shadow`: a request marked `X-Strangler-Shadow: 1` does its work in a transaction that is rolled back. Its answer is
  made all the same, so that it can be compared, and nothing is done twice.
- `params`, `answers`, `lists`, `customers`: the API's conventions, which the clients know from the monolith.
- `serve`: the command line, logging to stderr, one address line on stdout, an orderly end on SIGTERM.
"""
