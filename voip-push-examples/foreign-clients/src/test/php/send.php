<?php // SPDX-License-Identifier: Apache-2.0
// php send.php PORT TOKEN [p8]: pushes to the simulator whose credentials are in this directory
[, $port, $token] = $argv;
$p8 = $argv[3] ?? null;

$push = curl_init("https://127.0.0.1:$port/3/device/$token");
$headers = [
    'apns-topic: com.example.app.voip',
    'apns-push-type: voip',
    'apns-priority: 10',
    'apns-expiration: ' . (time() + 10),
];
if ($p8) {
    $encode = fn ($bytes) => rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
    $jwt = $encode(json_encode(['alg' => 'ES256', 'kid' => 'ABC123DEFG']))
        . '.' . $encode(json_encode(['iss' => 'A1B2C3D4E5', 'iat' => time()]));
    openssl_sign($jwt, $signature, file_get_contents('AuthKey_ABC123DEFG.p8'), 'sha256');
    $headers[] = 'authorization: bearer ' . $jwt . '.' . $encode($signature);
} else {
    curl_setopt_array($push, [CURLOPT_SSLCERT => 'ck.pem', CURLOPT_SSLCERTPASSWD => 'voip-push']);
}
$callId = vsprintf('%s%s-%s-%s-%s-%s%s%s', str_split(bin2hex(random_bytes(16)), 4));
curl_setopt_array($push, [
    CURLOPT_HTTP_VERSION => CURL_HTTP_VERSION_2_0,
    CURLOPT_CAINFO => 'ca.pem',
    CURLOPT_HTTPHEADER => $headers,
    CURLOPT_POSTFIELDS => json_encode(['callId' => $callId, 'callerName' => 'Ada', 'video' => true]),
    CURLOPT_RETURNTRANSFER => true,
]);
$answer = curl_exec($push);
echo $answer === false ? curl_error($push) : $answer . "\n" . curl_getinfo($push, CURLINFO_RESPONSE_CODE), "\n";
