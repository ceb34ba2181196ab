// The official `openai` package for Node.js: a transcription session of the Realtime API over its
// WebSocket client. Prints a report for the conformance run.
//
//   MYNAH_HTTP_URL=... DASHSCOPE_API_KEY=... node realtime.cjs a.wav SENTENCES
//
// The client insists on wss. The server speaks ws, and leaves TLS to a proxy; here an agent that
// connects without TLS stands in for one.

'use strict';

const fs = require('fs');
const http = require('http');
const net = require('net');
const OpenAI = require('openai');
const { OpenAIRealtimeWS } = require('openai/realtime/ws');

const [path, sentences] = process.argv.slice(2);
const WAV_HEADER_BYTES = 44;
const PIECE_SAMPLES = 2400;

class PlainAgent extends http.Agent {
  protocol = 'https:';
  createConnection(options, connected) {
    return net.connect({ host: options.host, port: options.port }, connected);
  }
}

const client = new OpenAI({
  apiKey: process.env.DASHSCOPE_API_KEY,
  baseURL: `${process.env.MYNAH_HTTP_URL}/v1`,
});
const session = new OpenAIRealtimeWS(
  { model: 'gpt-4o-transcribe', options: { agent: new PlainAgent() } },
  client,
);
const report = { sentences: [], interims: 0, usage_seconds: null, request_id: '' };
const stages = new Map();
let deltas = '';

session.on('event', ({ type, item_id, item }) => {
  const id = item_id ?? item?.id;
  const stage = type.split('.').pop();
  if (id && stage !== 'delta') stages.set(id, [...(stages.get(id) ?? []), stage]);
});
session.on('error', (error) => {
  throw error;
});
session.on('session.created', ({ session: created }) => {
  report.request_id = created.id;
  session.send({
    type: 'session.update',
    session: {
      type: 'transcription',
      audio: {
        input: {
          format: { type: 'audio/pcm', rate: 24000 },
          transcription: { model: 'gpt-4o-mini-transcribe', language: 'en' },
          turn_detection: { type: 'server_vad', threshold: 0.5, silence_duration_ms: 600 },
        },
      },
    },
  });
});
session.on('session.updated', sendFile);
session.on('conversation.item.input_audio_transcription.delta', ({ delta }) => {
  report.interims += 1;
  deltas += delta;
});
session.on('conversation.item.input_audio_transcription.completed', ({ transcript, usage }) => {
  if (transcript !== deltas) throw new Error(`${deltas} became ${transcript}`);
  if (!(usage.seconds > 0)) throw new Error(`usage of ${JSON.stringify(usage)}`);
  deltas = '';
  report.sentences.push(transcript);
  if (report.sentences.length === Number(sentences)) {
    checkOrder();
    console.log(JSON.stringify({ ...report, first_delay_ms: 0, last_delay_ms: 0 }));
    session.close();
  }
});

/** The recording at 24 kHz, by the nearest sample, with silence behind the last word. */
function samples() {
  const given = fs.readFileSync(path).subarray(WAV_HEADER_BYTES);
  const pcm = Buffer.alloc(given.length * 1.5 + 48000);
  for (let i = 0; i < (given.length / 2) * 1.5; i += 1) {
    pcm.writeInt16LE(given.readInt16LE(2 * Math.floor(i / 1.5)), 2 * i);
  }
  return pcm;
}

async function sendFile() {
  const pcm = samples();
  for (let offset = 0; offset < pcm.length; offset += 2 * PIECE_SAMPLES) {
    const audio = pcm.subarray(offset, offset + 2 * PIECE_SAMPLES).toString('base64');
    session.send({ type: 'input_audio_buffer.append', audio });
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The stages of each utterance, text left out. */
function checkOrder() {
  const wanted = 'speech_started,speech_stopped,committed,added,done,completed';
  for (const [id, seen] of stages) {
    if (seen.join() !== wanted) throw new Error(`${id} went through ${seen}`);
  }
}
