// A listener and a sender made with hyco-ws, in one process.
//   node connect.js PORT PATH KEYRULE KEY
// Prints "ok ..." for each check and ends with status 0.
'use strict';

const assert = require('assert');
const WebSocket = require('hyco-ws');

const [port, path, keyrule, key] = process.argv.slice(2);
// The package's own helpers write port 443 and nothing else.
const at = (uri) => uri.replace(':443/', `:${port}/`);
const listenUri = at(WebSocket.createRelayListenUri('localhost', path));
const token = () => WebSocket.createRelayToken(listenUri, keyrule, key);

// Opens a sender below the relay's path; `protocol` is offered when given.
function connect(suffix, protocol) {
  const uri = at(WebSocket.createRelaySendUri('localhost', path + suffix, token()));
  return new WebSocket(uri, protocol);
}

// Sends one message and resolves with the echo.
function echo(socket, message, options) {
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => socket.send(message, options));
    socket.on('message', resolve);
  });
}

function closed(socket) {
  return new Promise((resolve) => socket.on('close', resolve));
}

async function main(accepted) {
  const text = connect('');
  assert.strictEqual(await echo(text, 'h\u00e9llo \u2603'), 'h\u00e9llo \u2603');
  console.log('ok text');

  const closing = closed(text);
  text.close(1000, 'enough');
  await closing;
  console.log('ok close');

  const sent = Buffer.alloc(70000, 0).map((_, index) => index * 7 % 251);
  const binary = connect('');
  const received = await echo(binary, sent, { binary: true });
  assert.ok(Buffer.isBuffer(received) && sent.equals(received));
  binary.close();
  console.log('ok 70,000 bytes');

  const below = connect('/cell/4?mode=fast');
  assert.strictEqual(await echo(below, 'below'), 'below');
  const url = accepted[accepted.length - 1].url;
  assert.ok(url.includes(`/$hc/${path}/cell/4?`), url);
  below.close();
  console.log('ok sub-path');

  const spoken = connect('', 'soap');
  assert.strictEqual(await echo(spoken, 'spoken'), 'spoken');
  assert.strictEqual(spoken.protocol, 'soap');
  assert.strictEqual(accepted[accepted.length - 1].protocol, 'soap');
  spoken.close();
  console.log('ok sub-protocol');
}

const accepted = [];
const server = WebSocket.createRelayedServer({ server: listenUri, token }, (socket) => {
  accepted.push(socket);
  socket.on('message', (message, flags) => socket.send(message, { binary: Boolean(flags.binary) }));
});
server.on('error', (error) => {
  console.error('listener:', error.message || error);
  process.exit(1);
});
server.on('listening', () => {
  main(accepted).then(() => process.exit(0), (error) => {
    console.error(error);
    process.exit(1);
  });
});
