-- Sends each line of a file as a command, once: `token number, path`. Arguments: lines, tokens, body.
local lines, tokens, body, sent = {}, {}, "", 0

function init(arguments)
  for line in io.lines(arguments[1]) do lines[#lines + 1] = line end
  for line in io.lines(arguments[2]) do tokens[#tokens + 1] = "Bearer " .. line end
  body = arguments[3] or ""
end

function request()
  sent = sent + 1
  local number, path = lines[sent]:match("(%d+) (%S+)")
  return wrk.format("POST", path, {
    ["Authorization"] = tokens[tonumber(number)],
    ["Content-Type"] = "application/json",
  }, body)
end
