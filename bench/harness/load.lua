-- Sends the requests of a file in order, and starts over at its end. Each line has a method, a path and a body,
-- separated by tabs. @@ in a body becomes a number that is unique in the run.

local requests = {}
local position = 0
local count = 0
local turn = ""

function init(args)
  turn = args[2]
  for line in io.lines(args[1]) do
    local method, path, body = line:match("^(%u+)\t([^\t]+)\t(.*)$")
    if body == "" then body = nil end
    if body and body:find("@@", 1, true) then
      requests[#requests + 1] = { method = method, path = path, body = body }
    else
      requests[#requests + 1] = wrk.format(method, path, nil, body)
    end
  end
end

function request()
  position = position % #requests + 1
  local request = requests[position]
  if type(request) == "string" then return request end
  count = count + 1
  local body = request.body:gsub("@@", turn .. "-" .. count)
  return wrk.format(request.method, request.path, nil, body)
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"microseconds":%d,"bytes":%d,"errors":%d,"p50":%d,"p99":%d,"max":%d}\n',
    summary.requests, summary.duration, summary.bytes,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50), latency:percentile(99), latency.max
  ))
end
