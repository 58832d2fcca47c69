// SPDX-License-Identifier: Apache-2.0
// node send.js PORT TOKEN [p8]: pushes to the simulator whose credentials are in this directory
const apn = require('@parse/node-apn');
const [port, token, p8] = process.argv.slice(2);

const provider = new apn.Provider({
  address: '127.0.0.1',
  port: Number(port),
  ca: 'ca.pem',
  ...(p8
    ? { token: { key: 'AuthKey_ABC123DEFG.p8', keyId: 'ABC123DEFG', teamId: 'A1B2C3D4E5' } }
    : { cert: 'ck.pem', key: 'ck.pem', passphrase: 'voip-push' }),
});

const call = new apn.Notification();
call.topic = 'com.example.app.voip';
call.pushType = 'voip';
call.priority = 10;
call.expiry = Math.floor(Date.now() / 1000) + 10;
call.payload = { callId: crypto.randomUUID(), callerName: 'Ada', video: true };

provider.send(call, token).then(({ sent, failed }) => {
  sent.forEach(() => console.log('{}\n200'));
  failed.forEach(({ status, response, error }) =>
    console.log(error ?? JSON.stringify(response) + '\n' + status));
  provider.shutdown();
});
