-- One line of JSON at the end; with the argument "sessions" every request carries one of 1,000 session cookies;
-- with a number as second argument every connection waits that many milliseconds on average between requests.
local requests = {}
local following = 0
local pause = 0

function init(args)
  if args[1] == "sessions" then
    for number = 1, 1000 do
      requests[number] = wrk.format("GET", nil, {["Cookie"] = "session=user-" .. number})
    end
  else
    request = nil -- wrk's own fixed request, which costs no Lua call
  end
  pause = tonumber(args[2] or "0")
  if pause == 0 then delay = nil end
end

function request()
  following = following % #requests + 1
  return requests[following]
end

function delay()
  return math.random(0, 2 * pause) -- spread, or all connections would ask at once
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"seconds":%.6f,"bytes":%d,"errors":%d,"not_200":%d,"p50_ms":%.4f,"p99_ms":%.4f}\n',
    summary.requests, summary.duration / 1e6, summary.bytes,
    errors.connect + errors.read + errors.write + errors.timeout, errors.status,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
