// Writes bot-api.json, the machine-readable part of the Bot API that the emulator checks requests against:
// methods, parameters, types, what is required and the lengths. No prose is kept.
//
// Run by hand when a new Bot API version matters, then commit the result:
//
//   cd $(mktemp -d) && npm pack @gramio/types && tar xzf gramio-types-*.tgz
//   node PATH/TO/crates/telegram-emulator/schema/generate.mjs package/out
//
// It reads the TypeScript declarations of @gramio/types (MIT), which are generated from the Bot API's own
// page. They have a regular form (interfaces of fields, and unions), so no TypeScript compiler is needed.
//
// Methods listed in EMULATED keep their parameters; of all others only the name is kept, so that the emulator
// can tell "known to Telegram but not emulated" from "unknown to Telegram".

import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const EMULATED = [
  'getMe', 'getUpdates', 'setWebhook', 'deleteWebhook', 'getWebhookInfo', 'sendMessage', 'sendPhoto', 'sendDocument',
  'editMessageText', 'editMessageCaption', 'editMessageReplyMarkup', 'deleteMessage', 'answerCallbackQuery', 'getChat',
  'getChatMember', 'getChatAdministrators', 'leaveChat', 'setMyCommands', 'getMyCommands', 'deleteMyCommands',
  'sendChatAction', 'setMessageReaction', 'logOut', 'close',
]

// What these methods answer, so that the emulator's own answers can be checked too.
const ANSWERS = ['User', 'Update', 'WebhookInfo', 'Message', 'ChatFullInfo', 'ChatMember', 'BotCommand']

const source = process.argv[2]
if (!source) {
  console.error('usage: node generate.mjs DIRECTORY_WITH_params.d.ts')
  process.exit(2)
}
const read = (name) => readFileSync(join(source, name), 'utf8')

// `{ name: { fields } | { union } }` of every declaration in one file.
function declarations(text) {
  const found = {}
  for (const [, name, body] of text.matchAll(/^export interface (\w+)[^{\n]* \{(?:\}|\n([\s\S]*?)^\})/gm)) {
    found[name] = { fields: fields(body ?? '') }
  }
  for (const [, name, body] of text.matchAll(/^export type (\w+) =([\s\S]*?)(?=\n\n|\nexport |\n\/\*\*|$(?![\s\S]))/gm)) {
    found[name] = { union: types(body) }
  }
  return found
}

// Fields of one interface body, each with the comment that stands before it.
function fields(body) {
  const found = {}
  const pattern = /(?:\/\*\*([\s\S]*?)\*\/\s*)?^ {4}(\w+)(\??):\s*([\s\S]*?)(?=\n {4}\/\*\*|\n {4}\w+\??:|\n*$(?![\s\S]))/gm
  for (const [, comment, name, optional, type] of body.matchAll(pattern)) {
    const field = { type: types(type) }
    if (!optional) field.required = true
    Object.assign(field, lengths(comment ?? ''))
    found[name] = field
  }
  return found
}

// "1-64 bytes", "0-200 characters". Lengths after entity parsing are the HTML parser's business.
function lengths(comment) {
  const match = comment.match(/(\d+)-(\d+) (bytes|characters)(?! after)/)
  return match ? { min: +match[1], max: +match[2], unit: match[3] } : {}
}

// The members of a union as short words: integer, float, string, boolean, true, file, "literal", TypeName, X[].
function types(text) {
  const flat = text.replace(/\{ to(String|JSON)\(\): [\w.]+ \}/g, '').replace(/\s+/g, ' ').trim()
  const updates = /Exclude<keyof (Objects\.)?TelegramUpdate, "update_id">/g
  const members = flat.replace(updates, 'UpdateKind').split('|').map((member) => member.trim()).filter(Boolean)
  return [...new Set(members.flatMap(word))]
}

function word(type) {
  const array = type.endsWith('[]')
  const name = type.replace(/[()]/g, '').replace(/(\[\])+$/, '').replace(/^Objects\.|^Params\./, '').trim()
  const depth = (type.match(/\[\]/g) ?? []).length
  const plain = { number: 'number', string: 'string', boolean: 'boolean', true: 'true', TelegramInputFile: 'file' }[name]
  const base = plain ?? (name.startsWith('"') ? name : name.replace(/^Telegram/, ''))
  return [base + (array ? '[]'.repeat(depth) : '')]
}

const params = declarations(read('params.d.ts'))
const objects = declarations(read('objects.d.ts'))
const names = [...read('methods.d.ts').matchAll(/^ {4}(\w+): CallAPI/gm)].map(([, name]) => name)
const version = read('index.d.ts').match(/Based on Bot API v([\d.]+)/)[1]

const schema = { version, methods: {}, not_emulated: [], types: {} }
const wanted = []
const want = (type) => {
  const name = type.replace(/(\[\])+$/, '')
  if (/^[A-Z]/.test(name) && !(name in schema.types)) wanted.push(name)
}
for (const name of names) {
  if (!EMULATED.includes(name)) {
    schema.not_emulated.push(name)
    continue
  }
  const declared = params[name[0].toUpperCase() + name.slice(1) + 'Params']
  schema.methods[name] = declared?.fields ?? {}
  Object.values(schema.methods[name]).forEach((field) => field.type.forEach(want))
}
const kinds = Object.keys(objects.TelegramUpdate.fields).filter((name) => name !== 'update_id')
schema.types.UpdateKind = { union: kinds.map((kind) => JSON.stringify(kind)) }
ANSWERS.forEach(want)
while (wanted.length > 0) {
  const name = wanted.pop()
  if (name in schema.types) continue
  const declared = objects['Telegram' + name] ?? params[name]
  if (!declared) throw new Error(`no declaration of ${name}`)
  schema.types[name] = declared
  const inner = declared.union ?? Object.values(declared.fields).flatMap((field) => field.type)
  inner.forEach(want)
}
schema.types = Object.fromEntries(Object.entries(schema.types).sort(([a], [b]) => (a < b ? -1 : 1)))

// One line per method and type: small, and a new version shows as a readable difference.
const lines = (group) => Object.entries(group).map(([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)}`).join(',\n')
const text = `{
  "version": ${JSON.stringify(schema.version)},
  "methods": {
${lines(schema.methods)}
  },
  "types": {
${lines(schema.types)}
  },
  "not_emulated": ${JSON.stringify(schema.not_emulated)}
}
`
JSON.parse(text)
writeFileSync(join(dirname(fileURLToPath(import.meta.url)), 'bot-api.json'), text)
