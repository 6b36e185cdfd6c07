-- What wrk sends: one request for each line of the file in BENCH_BODIES, in order and then from the start again, by the method in
-- BENCH_METHOD. A line is a form body. Before it, each with a tab behind it, may stand headers ("Name: value"), a path with its query
-- ("/..."), and an address, which is sent as X-Forwarded-For. The result goes to BENCH_RESULT as one JSON object.

sent = 0
prepared = 0

local requests = {}

function init(_)
  for line in io.lines(os.getenv("BENCH_BODIES")) do
    local headers = { ["Content-Type"] = "application/x-www-form-urlencoded" }
    local path, from = nil, 1
    local tab = line:find("\t", from, true)
    while tab do
      local part = line:sub(from, tab - 1)
      local name, value = part:match("^([%w-]+): (.*)$")
      if name then headers[name] = value
      elseif part:sub(1, 1) == "/" then path = part
      else headers["X-Forwarded-For"] = part end
      from = tab + 1
      tab = line:find("\t", from, true)
    end
    for name, value in pairs(wrk.headers) do headers[name] = value end
    requests[#requests + 1] = wrk.format(os.getenv("BENCH_METHOD"), path, headers, line:sub(from))
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
    '{"sent": %d, "prepared": %d, "answered": %d, "microseconds": %d, "p50_us": %d, "p99_us": %d, '
      .. '"refused": %d, "broken": %d, "timeout": %d}\n',
    threads[1]:get("sent"), threads[1]:get("prepared"), summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write, errors.timeout))
  file:close()
end
