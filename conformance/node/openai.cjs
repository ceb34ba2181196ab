// The official `openai` package for Node.js: a transcription at once and as a stream, and a chat with
// `extra_body` as an ordinary argument, as the vendor's sample has it. Prints a report.
//
//   MYNAH_HTTP_URL=... DASHSCOPE_API_KEY=... node openai.cjs a.wav

'use strict';

const assert = require('assert');
const fs = require('fs');
const OpenAI = require('openai');

const path = process.argv[2];
const apiKey = process.env.DASHSCOPE_API_KEY;
const base = process.env.MYNAH_HTTP_URL;

async function main() {
  const { audio } = new OpenAI({ apiKey, baseURL: `${base}/v1`, maxRetries: 0 });
  const file = () => fs.createReadStream(path);
  const verbose = await audio.transcriptions.create({
    file: file(),
    model: 'whisper-1',
    response_format: 'verbose_json',
    timestamp_granularities: ['word'],
  });
  assert(verbose.words.length > 3 && verbose.segments === undefined, JSON.stringify(verbose));

  const stream = await audio.transcriptions.create({
    file: file(),
    model: 'gpt-4o-transcribe',
    stream: true,
  });
  let streamed = '';
  for await (const event of stream) {
    if (event.type === 'transcript.text.delta') streamed += event.delta;
    else assert.equal(event.text, streamed);
  }
  assert.equal(streamed, verbose.text);

  const { chat } = new OpenAI({ apiKey, baseURL: `${base}/compatible-mode/v1`, maxRetries: 0 });
  const data = fs.readFileSync(path).toString('base64');
  const input_audio = { data, format: 'wav' };
  const answer = await chat.completions.create({
    model: 'qwen3-asr-flash',
    messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio }] }],
    extra_body: { asr_options: { enable_itn: true } },
  });
  const seconds = answer.usage.seconds;
  console.log(JSON.stringify({ text: streamed, events: 1, seconds, tokens: null }));
}

main();
