// The chat page: draws the state of the control API and acts through it. No framework; `refresh` draws everything
// that changed, and a long poll says when. Texts from the world go in as text, except `html` of messages, which the
// emulator has escaped.
'use strict'

const $ = (id) => document.getElementById(id)
const kept = (key) => localStorage.getItem(key)
let world = { users: [], bots: [], chats: [], version: 0 }
let me = Number(kept('me'))
let current = null // the open chat's name, such as "7:42" or "-100123"
let topic = null // the open topic's id; null shows all
let messages = []
let replyTo = null
let chosen = 0 // the marked entry of the command menu
const seen = {} // chat → last message that was on screen

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties)
  made.append(...children.filter((child) => child !== null))
  return made
}

async function ask(path, body, method = body ? 'POST' : 'GET') {
  const answer = await fetch(`control/${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  const result = await answer.json()
  if (result.error) toast(result.error)
  return result
}

// Looking things up

const chat = () => world.chats.find((known) => known.chat === current)
const person = (id) => world.users.find((user) => user.id === id)?.first_name ?? world.bots.find((bot) => bot.id === id)?.username ?? 'Somebody'
const titleOf = (known) => (known.kind === 'private' ? person(known.bots[0]) : known.title)
const time = (date) => new Date(date * 1000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
const hue = (name) => [...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 360, 7)
const shortText = (message) => (message.service ? serviceText(message) : message.text || (message.file ? message.file.name : ''))

function avatar(place, name) {
  place.textContent = [...name][0]?.toUpperCase() ?? '?'
  place.style.setProperty('--hue', hue(name))
  return place
}

function serviceText({ service, from }) {
  if (service.new_chat_members) return service.new_chat_members.map((user) => `${person(user.id)} joined`).join(', ')
  if (service.left_chat_member) return `${person(service.left_chat_member.id)} left`
  if (service.forum_topic_created) return `${person(from)} made the topic “${service.forum_topic_created.name}”`
  if (service.migrate_to_chat_id) return 'This group became a supergroup'
  return service.migrate_from_chat_id ? 'This supergroup was a group before' : 'Something happened'
}

// Drawing

function drawSide() {
  const mine = world.chats.filter((known) => known.members.includes(me) && !known.gone)
  mine.sort((a, b) => (b.last?.date ?? 0) - (a.last?.date ?? 0) || a.chat.localeCompare(b.chat))
  if (!mine.some((known) => known.chat === current) && mine.length > 0 && innerWidth > 700) open(mine[0].chat)
  $('me').replaceChildren(...world.users.map((user) => element('option', { value: user.id, textContent: user.first_name, selected: user.id === me })))
  avatar($('my-avatar'), person(me))
  $('chats').replaceChildren(...mine.map((known) => {
    const last = known.last
    const unread = last && known.chat !== current && last.from !== me && last.id > (seen[known.chat] ?? 0)
    const button = element('button', { onclick: () => open(known.chat) },
      avatar(element('span', { className: 'avatar' }), titleOf(known)),
      element('div', {},
        element('p', {}, element('b', { textContent: titleOf(known) }), element('small', { textContent: last ? time(last.date) : '' })),
        element('p', {}, element('small', { textContent: last ? shortText(last) : 'No messages yet' }), unread ? element('i') : null)))
    button.setAttribute('aria-current', known.chat === current)
    return button
  }))
}

function drawChat() {
  const known = chat()
  if (!known) return
  const title = titleOf(known)
  avatar($('chat-avatar'), title)
  $('chat-title').textContent = title
  $('chat-about').textContent = known.kind === 'private' ? 'bot' : `${known.members.length + known.bots.length} members`
  $('block').hidden = known.kind !== 'private' || !known.started
  $('block').textContent = known.blocked ? 'Unblock' : 'Block'
  $('main').classList.toggle('unstarted', !known.started || known.blocked)
  $('start').textContent = known.blocked ? 'Unblock' : 'Start'
  const tabs = known.forum ? [{ id: null, name: 'All' }, { id: 0, name: 'General' }, ...known.topics] : []
  $('topics').replaceChildren(...tabs.map(({ id, name, closed }) => {
    const tab = element('button', { textContent: (closed ? '🔒 ' : '') + name, onclick: () => { topic = id; drawn = ''; refresh() } })
    tab.setAttribute('aria-selected', id === topic)
    return tab
  }))
}

let drawn = ''
function drawMessages() {
  const shown = messages.filter((message) => topic === null || (message.topic ?? 0) === topic)
  if (shown.length > 0) seen[current] = shown.at(-1).id
  const state = JSON.stringify([current, me, shown])
  if (state === drawn) return
  const moved = !drawn.startsWith(JSON.stringify([current, me]).slice(0, -1))
  drawn = state
  const list = $('messages')
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 120
  list.replaceChildren(...shown.map((message, index) => row(message, shown[index - 1])))
  if (atEnd || moved || shown.at(-1)?.from === me) list.scrollTop = list.scrollHeight
}

function row(message, before) {
  if (message.service) return element('div', { className: 'service', textContent: serviceText(message) })
  const turn = before?.from !== message.from
  const author = turn && message.from !== me && chat().kind !== 'private' ? element('div', { className: 'author', textContent: person(message.from) }) : null
  author?.style.setProperty('--hue', hue(person(message.from)))
  const topicName = topic === null && message.topic ? chat().topics.find((known) => known.id === message.topic)?.name : null
  const meta = [topicName && `# ${topicName}`, message.silent && '🔕', message.edits > 0 && 'edited', time(message.date)].filter(Boolean).join(' ')
  const bubble = element('div', { className: 'bubble' }, author, quote(message), attachment(message), body(message),
    ...message.reactions.map((emoji) => element('span', { className: 'reaction', textContent: emoji })),
    element('span', { className: 'meta', textContent: meta }),
    element('button', { className: 'answer', title: 'Reply', textContent: '↩', onclick: () => setReply(message) }))
  const keys = message.buttons.length > 0 ? element('div', { className: 'keys' }, ...message.buttons.map((keyRow) => element('div', {}, ...keyRow.map((key) => keyButton(message, key))))) : null
  const names = ['row', message.from === me && 'mine', turn && 'turn', keys && 'keyed'].filter(Boolean).join(' ')
  return element('div', { className: names, id: `m${message.id}` }, bubble, keys)
}

function quote(message) {
  const answered = messages.find((known) => known.id === message.reply_to)
  if (!answered) return null
  const show = () => {
    const target = $(`m${answered.id}`)
    target?.scrollIntoView({ behavior: 'smooth', block: 'center' })
    target?.classList.add('flash')
  }
  return element('button', { className: 'quote', onclick: show }, element('b', { textContent: person(answered.from) }), element('span', { textContent: shortText(answered) }))
}

function attachment({ file }) {
  if (!file) return null
  const address = `control/files/${file.id}`
  return file.kind === 'photo'
    ? element('img', { className: 'photo', src: address, alt: file.name, width: file.size[0], height: file.size[1] })
    : element('a', { className: 'file', href: address, download: file.name, textContent: `📄 ${file.name}` })
}

function body(message) {
  const made = element('span', { className: 'body', innerHTML: message.html })
  made.querySelectorAll('tg-spoiler, blockquote[expandable]').forEach((hidden) => { hidden.onclick = () => hidden.classList.toggle('open') })
  made.querySelectorAll('tg-time').forEach((moment) => { moment.title = new Date(moment.getAttribute('unix') * 1000).toLocaleString() })
  made.querySelectorAll('a').forEach(follow)
  made.querySelectorAll('pre, blockquote').forEach(({ nextSibling: after }) => { if (after?.nodeType === 3) after.data = after.data.replace(/^\n/, '') })
  const texts = document.createTreeWalker(made, NodeFilter.SHOW_TEXT, (node) => (node.parentElement.closest('a, code, pre') ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT))
  const found = []
  while (texts.nextNode()) found.push(texts.currentNode)
  found.forEach(linkify)
  return made
}

// Commands and addresses in a text can be clicked.
function linkify(node) {
  const parts = node.data.split(/((?<![\w/])\/[a-z0-9_]+(?:@\w+)?(?![\w/])|https?:\/\/\S*[^\s.,;:!?)"'])/)
  if (parts.length === 1) return
  node.replaceWith(...parts.map((part, index) => {
    if (index % 2 === 0) return part
    if (part.startsWith('/')) return element('a', { href: '#', textContent: part, onclick: (event) => { event.preventDefault(); say(part) } })
    return follow(element('a', { href: part, textContent: part }))
  }))
}

// A link to a bot opens its chat here, any other a new page.
function follow(link) {
  link.target = '_blank'
  link.rel = 'noreferrer'
  if (isBotLink(link.href)) link.onclick = (event) => { event.preventDefault(); openBotLink(link.href) }
  return link
}

const isBotLink = (text) => world.bots.some((bot) => new RegExp(`^(https?://)?t\\.me/${bot.username}([?/]|$)`, 'i').test(text))

async function openBotLink(link) {
  const known = chat()
  const group = link.includes('startgroup') ? Number(known?.kind === 'private' ? NaN : current) : undefined
  if (Number.isNaN(group)) return toast('Open the group first, then follow this link there')
  const { chat: place } = await ask('open', { user: me, link, group })
  if (place) open(place)
}

function keyButton(message, key) {
  const mark = key.url ? ' ↗' : key.copy ? ' ❐' : ''
  const button = element('button', { textContent: key.text + mark, className: key.style ?? '', title: key.url ?? key.text })
  button.onclick = async () => {
    if (key.url) return isBotLink(key.url) ? openBotLink(key.url) : window.open(key.url, '_blank', 'noreferrer')
    if (key.copy) return navigator.clipboard.writeText(key.copy).then(() => toast('Copied'))
    button.classList.add('busy')
    const { query } = await ask('press', { chat: current, message: message.id, from: me, button: key.data ?? key.text })
    if (query) await showAnswer(query)
    button.classList.remove('busy')
  }
  return button
}

async function showAnswer(query) {
  for (let version = world.version, end = Date.now() + 15000; Date.now() < end;) {
    const { answer } = await ask(`answers/${query}`)
    if (answer?.url) window.open(answer.url, '_blank', 'noreferrer')
    if (answer?.text && answer.show_alert) {
      $('alert').querySelector('p').textContent = answer.text
      $('alert').showModal()
    } else if (answer?.text) toast(answer.text)
    if (answer) return
    version = (await ask(`changes?after=${version}`)).version
  }
}

let toastEnds
function toast(text) {
  $('toast').textContent = text
  $('toast').hidden = false
  clearTimeout(toastEnds)
  toastEnds = setTimeout(() => { $('toast').hidden = true }, 3500)
}

// Writing

async function say(text) {
  if (isBotLink(text)) return openBotLink(text)
  const message = { chat: current, from: me, text, topic: topic || null, reply_to: replyTo?.id ?? null }
  setReply(null)
  await ask('say', message)
  refresh()
}

function setReply(message) {
  replyTo = message
  $('reply').hidden = !message
  if (!message) return
  $('reply-name').textContent = person(message.from)
  $('reply-text').textContent = shortText(message)
  $('text').focus()
}

// The commands that fit what is typed, of every bot here, in the user's language if there are such.
function commands() {
  const language = world.users.find((user) => user.id === me)?.language_code?.slice(0, 2) ?? ''
  const typed = $('text').value
  const many = (chat()?.menus?.length ?? 0) > 1
  return (chat()?.menus ?? []).flatMap((menu) => (menu?.commands?.[language] ?? menu?.commands?.[''] ?? []).map((known) => (
    { text: `/${known.command}${many ? `@${person(menu.bot)}` : ''}`, description: known.description }
  ))).filter(({ text }) => text.startsWith(typed))
}

function drawMenu() {
  const list = /^\/\S*$/.test($('text').value) ? commands() : []
  chosen = Math.min(chosen, Math.max(list.length - 1, 0))
  $('menu').hidden = list.length === 0
  $('menu').replaceChildren(...list.map(({ text, description }, index) => {
    const entry = element('button', { onclick: () => pick(text) }, element('b', { textContent: text }), element('span', { textContent: description }))
    entry.setAttribute('aria-selected', index === chosen)
    return entry
  }))
}

// A command goes into the text, so that what it needs can follow; Enter sends it.
function pick(text) {
  $('text').value = `${text} `
  $('text').focus()
  drawMenu()
}

function open(place) {
  if (place !== current) {
    current = place
    topic = null
    setReply(null)
  }
  document.body.classList.add('open')
  refresh()
}

// Life

let refreshing = null
async function refresh() {
  refreshing ??= (async () => {
    world = await ask('state')
    if (!world.users.some((user) => user.id === me)) me = world.users[0]?.id
    drawSide()
    const place = current
    const loaded = place ? await ask(`chats/${place}/messages?last=300`) : []
    if (place === current && Array.isArray(loaded)) messages = loaded
    drawChat()
    if (place === current) drawMessages()
  })().finally(() => { refreshing = null })
  return refreshing
}

async function live() {
  for (;;) {
    try {
      await refresh()
      await ask(`changes?after=${world.version}`)
      await new Promise((done) => setTimeout(done, 80)) // a storm is drawn a few times a second, not for each message
    } catch {
      $('chat-about').textContent = 'connecting…'
      await new Promise((done) => setTimeout(done, 1000))
    }
  }
}

$('me').onchange = () => { me = Number($('me').value); localStorage.setItem('me', me); current = null; messages = []; refresh().then(refresh) }
$('back').onclick = () => { document.body.classList.remove('open'); current = null; drawSide() }
$('block').onclick = () => ask('block', { chat: current, block: !chat().blocked })
$('start').onclick = () => (chat().blocked ? ask('block', { chat: current, block: false }) : say('/start'))
$('reply').querySelector('button').onclick = () => setReply(null)
$('menu-button').onclick = () => { $('text').value = $('text').value === '/' ? '' : '/'; $('text').focus(); drawMenu() }
$('text').oninput = () => { chosen = 0; $('text').style.height = 'auto'; $('text').style.height = `${$('text').scrollHeight}px`; drawMenu() }
$('text').onkeydown = (event) => {
  const list = $('menu').hidden ? [] : commands()
  if (list.length > 0 && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) chosen = (chosen + (event.key === 'ArrowDown' ? 1 : list.length - 1)) % list.length
  else if (list.length > 0 && event.key === 'Tab') pick(list[chosen].text)
  else if (event.key === 'Escape') { $('text').value = ''; setReply(null) }
  else if (event.key === 'Enter' && !event.shiftKey) {
    if (list.length > 0 && list[chosen].text !== $('text').value) pick(list[chosen].text)
    else $('composer').requestSubmit()
  } else return
  event.preventDefault()
  drawMenu()
}
$('composer').onsubmit = (event) => {
  event.preventDefault()
  const text = $('text').value.trim()
  $('text').value = ''
  $('text').oninput()
  if (text && current) say(text)
}
$('new-group').onclick = async () => {
  const title = prompt('Name of the new group')
  if (!title) return
  const { chat: place } = await ask('groups', { id: -1000000000000 - Math.floor(Math.random() * 1e9), title, supergroup: true })
  await ask('status', { chat: place, user: me, status: 'creator' })
  for (const bot of world.bots) await ask('status', { chat: place, user: bot.id, status: 'member', by: me })
  open(place)
}

// `/?bot=NAME&start=CODE` opens the link t.me/NAME?start=CODE as the current user; `&me=ID` says as whom. Without a code
// a chat that was started before is only shown.
refresh().then(async () => {
  const query = new URLSearchParams(location.search)
  if (query.has('me')) me = Number(query.get('me'))
  const bot = world.bots.find((known) => known.username === query.get('bot'))
  const started = world.chats.find((known) => known.chat === `${bot?.id}:${me}` && known.started)
  if (started && !query.has('start')) open(started.chat)
  else if (bot) await openBotLink(`t.me/${bot.username}?start=${query.get('start') ?? ''}`)
  if (query.size > 0) history.replaceState(null, '', location.pathname)
  live()
})
