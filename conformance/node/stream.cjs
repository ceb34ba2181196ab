// A raw WebSocket client in Node.js: the flow of the vendor's WebSocket sample (run-task, wait for
// task-started, send the file in pieces every 100 ms, finish-task, read until task-finished), on
// the `ws` package. Prints a report for the conformance run.
//
//   MYNAH_URL=... DASHSCOPE_API_KEY=... node stream.cjs a.wav

'use strict';

const fs = require('fs');
const { randomUUID } = require('crypto');
const WebSocket = require('ws');

const PIECE_BYTES = 3200;
const PIECE_MS = 100;

const taskId = randomUUID();
const report = { sentences: [], interims: 0, usage_seconds: 0, request_id: taskId };
let firstSent;
let firstText;
let stopped;

const socket = new WebSocket(`${process.env.MYNAH_URL}/`, {
  headers: { Authorization: `bearer ${process.env.DASHSCOPE_API_KEY}` },
});

function send(action, payload) {
  const header = { action, task_id: taskId, streaming: 'duplex' };
  socket.send(JSON.stringify({ header, payload }));
}

socket.on('open', () => {
  send('run-task', {
    task_group: 'audio',
    task: 'asr',
    function: 'recognition',
    model: 'fun-asr-realtime',
    parameters: { format: 'wav', sample_rate: 16000 },
    input: {},
  });
});

socket.on('message', (data, isBinary) => {
  if (isBinary) throw new Error('the server sent a binary message');
  const { header, payload } = JSON.parse(data);
  switch (header.event) {
    case 'task-started':
      sendFile();
      break;
    case 'result-generated':
      result(payload);
      break;
    case 'task-finished':
      report.first_delay_ms = firstText - firstSent;
      report.last_delay_ms = Date.now() - stopped;
      console.log(JSON.stringify(report));
      socket.close(1000, 'bye');
      break;
    default:
      throw new Error(`${header.event}: ${header.error_code} ${header.error_message}`);
  }
});

function result({ output: { sentence }, usage }) {
  if (sentence.text) firstText ??= Date.now();
  if (sentence.sentence_end) {
    report.sentences.push(sentence.text);
    report.usage_seconds = usage.duration;
  } else if (sentence.text) {
    report.interims += 1;
  }
}

async function sendFile() {
  const audio = fs.readFileSync(process.argv[2]);
  firstSent = Date.now();
  for (let offset = 0; offset < audio.length; offset += PIECE_BYTES) {
    socket.send(audio.subarray(offset, offset + PIECE_BYTES));
    await new Promise((resolve) => setTimeout(resolve, PIECE_MS));
  }
  stopped = Date.now();
  send('finish-task', { input: {} });
}

socket.on('close', (code) => {
  if (code !== 1000) throw new Error(`closed with ${code}`);
});
