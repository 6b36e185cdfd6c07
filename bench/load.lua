-- What wrk sends: one POST for each line of the file in BENCH_BODIES, in order and then from the start again. A line is a form body,
-- or an address, a tab and a form body; the address is sent as X-Forwarded-For. The result goes to BENCH_RESULT as one JSON object.

sent = 0
prepared = 0

local requests = {}

function init(_)
  for line in io.lines(os.getenv("BENCH_BODIES")) do
    local headers = { ["Content-Type"] = "application/x-www-form-urlencoded" }
    local address, body = line:match("^(.-)\t(.*)$")
    if address then headers["X-Forwarded-For"] = address end
    for name, value in pairs(wrk.headers) do headers[name] = value end
    requests[#requests + 1] = wrk.format("POST", nil, headers, body or line)
  end
  prepared = #requests
end

function request()
  sent = sent + 1
  return requests[(sent - 1) % prepared + 1]
end

local threads = {}

function setup(thread)
  threads[#threads + 1] = thread
end

function done(summary, latency, _)
  local errors = summary.errors
  local file = assert(io.open(os.getenv("BENCH_RESULT"), "w"))
  file:write(string.format(
    '{"sent": %d, "prepared": %d, "answered": %d, "microseconds": %d, "p50_us": %d, "p99_us": %d, "max_us": %d, '
      .. '"refused": %d, "broken": %d, "timeout": %d}\n',
    threads[1]:get("sent"), threads[1]:get("prepared"), summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), latency.max,
    errors.status, errors.connect + errors.read + errors.write, errors.timeout))
  file:close()
end
