# What Nabat says in English. Every language has the same keys and the same variables.

## Moments and spans of time

month = { $month ->
    [1] Jan
    [2] Feb
    [3] Mar
    [4] Apr
    [5] May
    [6] Jun
    [7] Jul
    [8] Aug
    [9] Sep
    [10] Oct
    [11] Nov
   *[12] Dec
}
moment-day = { $day } { $month } { $time }
moment-year = { $day } { $month } { $year } { $time }
span-seconds = { $n } s
span-minutes = { $n } min
span-hours = { $n } h
span-days = { $n } d
span-micros = { $n } µs
span-millis = { $n } ms
percent = { $whole }.{ $part } %
percent-whole = { $whole } %

## Alerts

alerts-none = Nothing fires.
history = Lately, the last one first
history-none = Nothing like that has fired lately.
history-unreadable = I cannot look back at the moment. Try again in a minute.
state-resolved = Resolved
state-expired = Expired
state-closed = Closed
count-firing = { $n } firing
count-stale = { $n } without news
count-resolved = { $n } resolved
count-expired = { $n } expired
count-closed = { $n } closed
since = Since { $at }
period = { $from } – { $to } ({ $span })
stale = No news from its source since { $at }. It may still be firing.
why-expired = Its source fell silent and the end time it had given came; it never said that this is over.
why-closed = It is not looked at any more; nobody has said that all is well.
entry-since = since { $at }
entry-stale = no news since { $at }
entry-explained = explained by { $name }
entry-ended = { $state } { $from } – { $to } ({ $span })
rest = and { $n } more: { $names }
more = and { $n } more
link-source = Source
link-dashboard = Dashboard
link-runbook = Runbook
link-silence = Silence
follow-changed = { $n ->
    [1] Changed
   *[other] { $n } changed
}
follow-still = Still firing for { $span }
follow-stale = No news from the source since { $at }
follow-resolved = Resolved after { $span }
follow-expired = Expired after { $span }
follow-closed = Closed after { $span }
follow-others = Others of this group are still open.
follow-over = Nothing of this group fires any more.
state-missed = Came and went
count-missed = { $n } came and went
count-still-firing = { $n } still firing
missed-meanwhile = Came and went meanwhile:
flapped = flapped { $n }×
maybe-repeated = This may be a repeat: the answer to the first copy got lost.
instead-of = Told here because { $name } can't be reached.
details-known = Known here since { $opened } · last news { $seen }
follow-unattended = { $n ->
    [one] Nobody sees to it any more
   *[other] Nobody sees to these any more
}
follow-still-firing = { $n ->
    [one] still fires
   *[other] still fire
}
digest = Told together, and not kept up to date: /alerts shows what is so now.

## People

greeting = Hello, I am { $name }. I bring alerts to the people who must know.
try-subscribe = Subscribe with { $example } (an expression searched in the alert's title) or { $all } for everything.
try-matchers = Subscribe with { $example } (labels of the alert; what follows =~ is an expression) or { $all } for everything.
try-watch = Have something watched with { $host } or { $page }: this chat is told when it fails.
try-help = All commands: /help
paired = Welcome! You may use this bot now.
paired-owner = Welcome! You are an owner of this bot now: /invite lets others in.
already-known = I know you already. The link was not used up: pass it on.
group-paired = This group is known now: its administrators may subscribe it.
code-not-valid = This link is not valid: it was used already, it is too old, or it was copied in part. Ask an owner of this bot for a new one.
stranger = I do not know you yet, so I may not tell you anything. Ask an owner of this bot for an invitation link (they get one with /invite).
stranger-id = Your id: { $id }
stranger-chat-id = The id of this chat: { $id }
group-not-known = This group is not known yet. An owner of this bot can let it in with the group link from /invite, or by adding { $id } to “allow” in the configuration.
owners-only = Only owners of this bot may do that.
in-private-only = Invitations are secret: ask me for one in our private chat.
group-admins-only = Only administrators of this group may do that.
anonymous-admin = You write as an anonymous administrator, so I cannot see who you are. Turn off “Remain anonymous” in your administrator rights and try again.
invite = Each of these links lets one in, once, within { $span }.
invite-person = For a person:
invite-group = For a group:
people = Let in by link. Press a name to let that person out.
people-none = Nobody was let in by link.
person-gone = { $what } is let out and hears of nothing new.
person-unknown = That person is not known (any more).

## Subscriptions

everything = all alerts
subscribed = Subscribed to { $what }.
already-subscribed = This chat is already subscribed to { $what }.
firing-now = { $n ->
    [0] No alert fires now.
    [one] { $n } alert fires now.
   *[other] { $n } alerts fire now.
}
firing-now-none-of-these = None of these fires now.
bad-expression = I cannot read this expression:
mistake-no-label = A label's name is missing, as in severity=critical.
mistake-no-operator = One of =, !=, =~, !~ is missing.
mistake-quote = The closing quote is missing.
mistake-brace = The closing brace is missing.
mistake-empty = The expression is empty.
mistake-large = The expression grows too large; use smaller repetitions.
mistake-group = This group is not closed.
mistake-group-unopened = This parenthesis closes no group.
mistake-class = This character class is not closed.
mistake-count = This repetition is not closed.
mistake-nothing-repeated = There is nothing to repeat here.
mistake-look-around = Look-around is not supported.
expression-example = For example: { $example }
expression-missing = What shall I watch for?
expression-too-long = { $n ->
    [one] This expression is too long: { $n } character at most.
   *[other] This expression is too long: { $n } characters at most.
}
too-many-subscriptions = { $n ->
    [one] This chat has { $n } subscription, and more are not allowed. Remove it with /unsubscribe.
   *[other] This chat has { $n } subscriptions, and more are not allowed. Remove one with /unsubscribe, or join several: a|b
}
subscriptions = { $n ->
    [0] No subscriptions
    [one] { $n } subscription
   *[other] { $n } subscriptions
}
no-subscriptions = This chat has no subscriptions.
routed = { $n ->
    [one] { $n } route of the configuration tells this chat
   *[other] { $n } routes of the configuration tell this chat
}
routed-hint = Only the configuration changes that.
choose-unsubscribe = Which subscription shall I remove?
unsubscribe-all = { $n ->
    [one] Remove { $n } subscription
   *[other] Remove all { $n }
}
unsubscribed = No longer subscribed to { $what }.
unsubscribed-all = { $n ->
    [one] { $n } subscription removed.
   *[other] { $n } subscriptions removed.
}
subscription-unknown = This chat is not subscribed to { $what }.
no-such-subscription = There is no such subscription any more. See /list
page = page { $page } of { $pages }

## Settings and state

muted = This chat is muted until { $what }. To end that: /unmute
not-muted = This chat is not muted.
unmuted = This chat is no longer muted.
period-missing = For how long? For example: { $example }
bad-period = { $text } is not a span of time. For example: { $example }
period-too-long = { $text } is too long: { $span } at the most.
choose-language = Which language shall I speak?
language-unknown = I do not speak { $text }.
language-chosen = I speak English now.
zone = Your time zone is { $zone }, it is { $time } now.
zone-chosen = Your time zone is { $zone } now, it is { $time }.
zone-change = To change it: { $example }
zone-unknown = I do not know a time zone { $text }. For example: { $example }
did-you-mean = Did you mean:
unknown-command = I do not know the command { $command }.
plain-text = I understand commands only.
old-button = This button is out of date. Please send the command again.
old-card = This message is not kept up to date any more. /alerts shows what fires now.
not-saved = I could not store that, so nothing has changed. Please try again in a minute.
status-up = Nabat { $version } runs since { $at } ({ $span })
status-news = Last news from a source: { $at } ({ $span } ago).
status-no-news = No source has sent anything yet.
status-silences = { $n ->
    [one] { $n } silence holds: /silences
   *[other] { $n } silences hold: /silences
}
status-waiting-total = { $n ->
    [0] No messages wait to be sent.
    [one] { $n } message waits to be sent.
   *[other] { $n } messages wait to be sent.
}
status-chat = This chat
status-nothing-waits = Nothing waits to be sent here.
status-waiting = { $n ->
    [one] { $n } message waits to be sent here, for { $span }.
   *[other] { $n } messages wait to be sent here, the oldest for { $span }.
}
status-disabled = Nothing is sent here any more: { $error }
status-error = Last error: { $error }
status-elsewhere = Other destinations
status-elsewhere-disabled = Nothing is sent there any more
status-elsewhere-waiting = { $n ->
    [one] { $n } waits, for { $span }
   *[other] { $n } wait, the oldest for { $span }
}

## Commands

help = What I understand
help-expression = An expression is searched, in any letter case, in an alert's title: its name and summary. “all” or “*” stands for everything.
help-group = In a group, its administrators decide about subscriptions.
command-regexp = subscribe this chat to alerts
command-subscribe = subscribe by labels
command-list = what this chat is subscribed to
command-unsubscribe = remove subscriptions
command-alerts = what fires now
command-history = what fired lately
command-status = how I am, and the messages to this chat
command-silence = silence alerts for everyone
command-silences = what is silenced for everyone; end it
command-monitors = how what I watch stands
command-watch = watch a host or a service
command-unwatch = watch it no more
command-check = look at something once, now
command-mute = mute this chat for a while
command-unmute = end the mute
command-lang = choose the language
command-tz = choose the time zone
command-invite = let a person or a group in
command-people = who was let in; let them out
command-start = greeting
command-help = all commands

## Acknowledgements and silences

acknowledged = You see to it until { $what }.
already-acknowledged = { $people ->
    [one] { $names } already sees to it until { $at }.
   *[other] { $names } already see to it until { $at }.
}
released = Nobody sees to it any more.
silenced = Silenced for everyone until { $at }: { $what }
silenced-until-resolved = Silenced for everyone until resolved, at the latest until { $at }: { $what }
silence-matches-all = This would silence everything that lacks a label. Name a value too, as in { $example }.
silence-how = What shall I silence, for how long, and why? For example:
silence-why-example = moving the database
silence-would = { $hushed ->
    [0] Nothing that fires now would be silenced by { $what }.
    [one] This would silence { $hushed } of { $firing } that fire now: { $what }
   *[other] This would silence { $hushed } of { $firing } that fire now: { $what }
}
silence-until-resolved = Only until all of it is resolved, for { $span } at the longest.
silence-already = { $n ->
    [one] { $n } of them is silenced already.
   *[other] { $n } of them are silenced already.
}
silence-sure-everything = That is everything that fires. Really?
silence-sure-open = It asks for no label's exact value and may cover more than you think of. Really?
silence-declined = Nothing was silenced.
silence-ends-soon = The silence ends at { $at }: { $what }
silence-still-fires = { $n ->
    [0] Nothing of it fires now.
    [one] { $n } alert of it still fires.
   *[other] { $n } alerts of it still fire.
}
button-silence = Yes, silence { $span }
button-silence-until-resolved = Yes, until resolved
button-no = No
silence-from = from { $from } until { $at }
silence-resolved-or-until = until resolved, at the latest { $at }
silence-ended = The silence is over.
nothing-fires = Nothing of this fires any more.
nothing-in-common = These alerts do not share one name, so a silence would cover more than them. Silence them one by one.
too-many-silences = There are too many silences. End some first.
silences = { $n ->
    [one] { $n } silence
   *[other] { $n } silences
}
silences-hint = For everyone. ✖ ends one, +1 h makes it an hour longer.
silences-none = There are no silences.
silence-until = until { $at }
silence-unknown = This silence is over already.
details-follow = Here it comes.
hush-acknowledged = { $people ->
    [one] ✋ { $names } sees to it until { $at }
   *[other] ✋ { $names } see to it until { $at }
}
hush-acknowledged-partly = { $people ->
    [one] ✋ { $names } sees to { $part } of { $of } until { $at }
   *[other] ✋ { $names } see to { $part } of { $of } until { $at }
}
hush-silenced = 🔕 Silenced until { $at }
hush-silenced-partly = 🔕 { $part } of { $of } silenced until { $at }
button-acknowledge = ✋ Acknowledge
button-let-go = ↩ Let go
button-details = Details
button-end-silence = 🔔 End silence

## Monitors

monitors-down = { $n } down
monitors-suspect = { $n } suspect
monitors-degraded = { $n } degraded
monitors-recovering = { $n } recovering
monitors-unreachable = { $n } unreachable
monitors-unknown = { $n } unknown
monitors-pending = { $n } pending
monitors-maintenance = { $n } in maintenance
monitors-paused = { $n } paused
monitors-up = { $n } up
monitors-none = Nothing is watched yet. For example: { $example }
monitors-none-such = Nothing that I watch matches { $text }.
monitor-up = Up
monitor-down = Down
monitor-suspect = Being made sure that it is down
monitor-degraded = Degraded
monitor-recovering = Being made sure that it is up again
monitor-unreachable = Unreachable
monitor-unknown-status = Unknown
monitor-pending = Not looked at yet
monitor-maintenance = In maintenance
monitor-paused = Paused
monitor-since = { $status } since { $at } ({ $span })
monitor-flaps = it goes up and down
monitor-last = Last look { $at }: { $seen }
monitor-uptime = Uptime: { $list }
monitor-uptime-of-less = { $share } of the { $span } watched
monitor-made-by = Made by { $name }
monitor-made-by-call = Made by its first call
monitor-of-configuration = Defined in the configuration
monitor-moment = One moment.
monitor-unknown = I do not watch { $name }. /monitors shows what I watch.
monitor-gone = That is watched no more. /monitors shows what is.
monitor-configured = { $name } is defined in the configuration, under “monitors”, and can be changed only there.
monitor-not-theirs = Only an owner of this bot, or whoever made { $name }, may do that.
monitor-has-children = { $child } stands behind { $name }. Remove { $child } first, or take { $name } out of its parents.
monitors-too-many = { $n ->
    [one] I watch { $n } thing already, and more are not allowed.
   *[other] I watch { $n } things already, and more are not allowed.
}
monitors-too-many-looks = I am looking at several things already. Please ask again when that is answered.
monitors-too-many-of-person = { $n ->
    [one] You have me watch { $n } thing already, and more are not allowed. Remove it first: /unwatch
   *[other] You have me watch { $n } things already, and more are not allowed. Remove one first: /unwatch
}
monitors-too-many-in-chat = { $n ->
    [one] This chat has me watch { $n } thing already, and more are not allowed. Remove it first: /unwatch
   *[other] This chat has me watch { $n } things already, and more are not allowed. Remove one first: /unwatch
}
monitor-heartbeat = { $name } is a heartbeat or a group: there is nothing to look at.
monitor-not-seen = I could not look at { $name }, so I do not watch it:
monitor-unfit = I cannot look at that:
monitor-exists = I watch { $name } already: { $target }
monitor-exists-told = This chat is told of it.
monitor-remove-sure = { $n ->
    [one] { $n } other chat or address is told of { $name }. Watch it no more, and forget its history?
   *[other] { $n } other chats and addresses are told of { $name }. Watch it no more, and forget its history?
}
monitor-removed = { $name } is watched no more.
watch-how = What shall I watch, and how often? For example:
watch-interval = { $text } is not a span of time from 1 s to 1 d. For example: { $example }
check-how = What shall I look at? For example:
not-a-target = { $text } is nothing that I can look at. For example:
looked-up = up
looked-degraded = up, but not as it should be
looked-down = does not answer as it should
looked-unknown = I could not look
watched-told = Watched from now on; this chat is told when that changes.
watched-all-the-same = It is watched all the same; this chat is told how it stands.
watched-not-told = It is watched, but this chat has too many subscriptions to be told of it: /unsubscribe
unwatch-choose = Which of these shall I watch no more?
unwatch-none = Nothing that I watch was made in this chat. To remove something else: { $example }
phase-resolve = name
phase-connect = connection
phase-proxy = proxy
phase-tls = TLS
phase-first-byte = first byte
phase-transfer = transfer
button-follow = 🔔 Tell this chat
button-remove-sure = Yes, remove it
button-check = 🔍 Look now
button-pause = ⏸ Pause
button-resume = ▶ Resume
button-maintenance = 🔧 { $span }
button-maintenance-end = 🔧 End maintenance
button-remove = ✖ Remove
button-all-monitors = ◀ All
