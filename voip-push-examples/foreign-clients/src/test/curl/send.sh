#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# sh send.sh PORT TOKEN [p8]: pushes to the simulator whose credentials are in this directory
set -eu
port=$1 token=$2 p8=${3-}

if [ "$p8" ]; then
  encode() { openssl base64 -e -A | tr '+/' '-_' | tr -d =; }
  jwt=$(printf '{"alg":"ES256","kid":"ABC123DEFG"}' | encode)
  jwt=$jwt.$(printf '{"iss":"A1B2C3D4E5","iat":%d}' "$(date +%s)" | encode)
  jwt=$jwt.$(printf %s "$jwt" | openssl dgst -sha256 -sign AuthKey_ABC123DEFG.p8 | encode)
  set -- --header "authorization: bearer $jwt"
else
  set -- --cert ck.pem:voip-push
fi
call=$(openssl rand -hex 16 | sed 's/\(.\{8\}\)\(....\)\(....\)\(....\)/\1-\2-\3-\4-/')
curl --http2 --cacert ca.pem "$@" --silent --show-error --write-out '\n%{http_code}\n' \
  --header 'apns-topic: com.example.app.voip' --header 'apns-push-type: voip' \
  --header 'apns-priority: 10' --header "apns-expiration: $(($(date +%s) + 10))" \
  --data "{\"callId\":\"$call\",\"callerName\":\"Ada\",\"video\":true}" \
  "https://127.0.0.1:$port/3/device/$token"
