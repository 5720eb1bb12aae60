# Что Набат говорит по-русски. Ключи и переменные те же, что и в остальных языках.

## Moments and spans of time

month = { $month ->
    [1] янв
    [2] фев
    [3] мар
    [4] апр
    [5] мая
    [6] июн
    [7] июл
    [8] авг
    [9] сен
    [10] окт
    [11] ноя
   *[12] дек
}
moment-day = { $day } { $month } { $time }
moment-year = { $day } { $month } { $year } { $time }
span-seconds = { $n } с
span-minutes = { $n } мин
span-hours = { $n } ч
span-days = { $n ->
    [one] { $n } день
    [few] { $n } дня
   *[many] { $n } дней
}
span-micros = { $n } мкс
span-millis = { $n } мс
percent = { $whole },{ $part } %
percent-whole = { $whole } %

## Alerts

alerts-none = Активных алертов нет.
history = Недавнее, последнее сверху
history-none = Ничего такого в последнее время не срабатывало.
history-unreadable = Сейчас не могу заглянуть в историю. Попробуйте через минуту.
state-resolved = Решено
state-expired = Истекло
state-closed = Закрыто
count-firing = { $n ->
    [one] { $n } активен
    [few] { $n } активны
   *[many] { $n } активно
}
count-stale = { $n } без новостей
count-resolved = { $n ->
    [one] { $n } решён
    [few] { $n } решены
   *[many] { $n } решено
}
count-expired = { $n ->
    [one] { $n } истёк
    [few] { $n } истекли
   *[many] { $n } истекло
}
count-closed = { $n ->
    [one] { $n } закрыт
    [few] { $n } закрыты
   *[many] { $n } закрыто
}
since = С { $at }
period = { $from } – { $to } ({ $span })
stale = От источника нет новостей с { $at }. Возможно, алерт ещё активен.
why-expired = Источник замолчал, и указанный им срок истёк. Что проблема решена, он не сообщал.
why-closed = За этим больше не следят. Что проблема решена, никто не сообщал.
entry-since = с { $at }
entry-stale = нет новостей с { $at }
entry-explained = из-за { $name }
entry-ended = { $state } { $from } – { $to } ({ $span })
rest = и ещё { $n }: { $names }
more = и ещё { $n }
link-source = Источник
link-dashboard = Дашборд
link-runbook = Runbook
link-silence = Заглушить
follow-changed = { $n ->
    [1] Изменился
    [one] Изменился { $n }
    [few] Изменились { $n }
   *[many] Изменилось { $n }
}
follow-still = Всё ещё активен, уже { $span }
follow-stale = От источника нет новостей с { $at }
follow-resolved = Решено через { $span }
follow-expired = Истекло через { $span }
follow-closed = Закрыто через { $span }
follow-others = Остальные в этой группе ещё не закончились.
follow-over = В этой группе больше ничего не активно.
state-missed = Возникло и прошло
count-missed = { $n ->
    [one] { $n } возник и прошёл
    [few] { $n } возникли и прошли
   *[many] { $n } возникло и прошло
}
count-still-firing = { $n ->
    [one] { $n } всё ещё активен
    [few] { $n } всё ещё активны
   *[many] { $n } всё ещё активно
}
missed-meanwhile = Тем временем возникли и прошли:
flapped = { $n ->
    [one] мигал { $n } раз
    [few] мигал { $n } раза
   *[many] мигал { $n } раз
}
maybe-repeated = Возможно, это повтор: ответ на первую отправку потерялся.
instead-of = Отправлено сюда, потому что не удаётся доставить: { $name }.
details-known = Известно с { $opened } · последняя новость { $seen }
follow-unattended = { $n ->
    [1] Этим больше никто не занимается
   *[other] Этими больше никто не занимается
}
follow-still-firing = { $n ->
    [1] всё ещё активен
   *[other] всё ещё активны
}
digest = Сводка, она не обновляется: что сейчас, покажет /alerts.

## People

greeting = Здравствуйте, я { $name }. Приношу алерты тем, кому надо о них знать.
try-subscribe = Подписаться: { $example } (выражение ищется в заголовке алерта) или { $all }, чтобы получать всё.
try-matchers = Подписаться: { $example } (по меткам алерта; после =~ идёт выражение) или { $all }, чтобы получать всё.
try-watch = Следить самому: { $host } или { $page } — если сломается, этот чат узнает.
try-help = Все команды: /help
paired = Добро пожаловать! Теперь бот вам доступен.
paired-owner = Добро пожаловать! Теперь вы владелец этого бота. Пригласить других: /invite
already-known = Мы уже знакомы. Ссылка не израсходована, её можно передать другому.
group-paired = Теперь эта группа мне знакома: подписывать её могут администраторы.
code-not-valid = Ссылка не действует: её уже использовали, она устарела или скопирована не целиком. Попросите у владельца бота новую.
stranger = Мы ещё не знакомы, поэтому рассказать я ничего не могу. Попросите у владельца бота ссылку-приглашение (он получит её командой /invite).
stranger-id = Ваш id: { $id }
stranger-chat-id = id этого чата: { $id }
group-not-known = Эта группа мне ещё не знакома. Владелец бота может впустить её ссылкой для групп из /invite или добавить { $id } в «allow» в конфигурации.
owners-only = Это могут только владельцы бота.
in-private-only = Приглашения — секрет: попросите его у меня в личном чате.
group-admins-only = Это могут только администраторы группы.
anonymous-admin = Вы пишете как анонимный администратор, и я не вижу, кто вы. Отключите «Анонимность» в своих правах администратора и повторите.
invite = Каждая ссылка впускает один раз и действует { $span }.
invite-person = Для человека:
invite-group = Для группы:
people = Впущены по ссылке. Нажмите на имя, чтобы закрыть доступ.
people-none = По ссылке никого не впускали.
person-gone = Доступ закрыт: { $what }. Новых алертов там не будет.
person-unknown = Такого человека (уже) нет в списке.

## Subscriptions

everything = все алерты
subscribed = Подписка оформлена: { $what }.
already-subscribed = Этот чат уже подписан: { $what }.
firing-now = { $n ->
    [0] Активных алертов нет.
    [one] Сейчас активен { $n } алерт.
    [few] Сейчас активны { $n } алерта.
   *[many] Сейчас активно { $n } алертов.
}
firing-now-none-of-these = Сейчас из них ничего не активно.
bad-expression = Не могу разобрать выражение:
mistake-no-label = Не хватает имени метки, как в severity=critical.
mistake-no-operator = Не хватает знака: =, !=, =~ или !~.
mistake-quote = Не хватает закрывающей кавычки.
mistake-brace = Не хватает закрывающей фигурной скобки.
mistake-empty = Выражение пустое.
mistake-large = Выражение получается слишком большим, нужно меньше повторений.
mistake-group = Эта скобка не закрыта.
mistake-group-unopened = Этой скобке нечего закрывать.
mistake-class = Этот набор символов не закрыт.
mistake-count = Это число повторений не закрыто.
mistake-nothing-repeated = Здесь нечего повторять.
mistake-look-around = Просмотр вперёд и назад не поддерживается.
expression-example = Например: { $example }
expression-missing = За чем следить?
expression-too-long = { $n ->
    [one] Выражение слишком длинное: можно не больше { $n } символа.
   *[many] Выражение слишком длинное: можно не больше { $n } символов.
}
too-many-subscriptions = { $n ->
    [one] У этого чата уже { $n } подписка, больше нельзя. Удалить её: /unsubscribe
    [few] У этого чата уже { $n } подписки, больше нельзя. Удалите лишнюю (/unsubscribe) или объедините несколько: a|b
   *[many] У этого чата уже { $n } подписок, больше нельзя. Удалите лишнюю (/unsubscribe) или объедините несколько: a|b
}
subscriptions = { $n ->
    [0] Подписок нет
    [one] { $n } подписка
    [few] { $n } подписки
   *[many] { $n } подписок
}
no-subscriptions = У этого чата нет подписок.
routed = { $n ->
    [one] По конфигурации сюда ведёт { $n } маршрут
    [few] По конфигурации сюда ведут { $n } маршрута
   *[many] По конфигурации сюда ведёт { $n } маршрутов
}
routed-hint = Изменить это можно только в конфигурации.
choose-unsubscribe = Какую подписку удалить?
unsubscribe-all = { $n ->
    [one] Удалить { $n } подписку
    [few] Удалить все { $n }
   *[many] Удалить все { $n }
}
unsubscribed = Подписка удалена: { $what }.
unsubscribed-all = { $n ->
    [one] Удалена { $n } подписка.
    [few] Удалены { $n } подписки.
   *[many] Удалено { $n } подписок.
}
subscription-unknown = Этот чат не подписан на { $what }.
no-such-subscription = Такой подписки уже нет. Посмотреть: /list
page = страница { $page } из { $pages }

## Settings and state

muted = В этом чате тишина до { $what }. Снять: /unmute
not-muted = Тишина в этом чате не включена.
unmuted = Тишина в этом чате снята.
period-missing = На сколько? Например: { $example }
bad-period = { $text } — это не промежуток времени. Например: { $example }
period-too-long = { $text } — слишком долго: самое большее { $span }.
choose-language = На каком языке говорить?
language-unknown = Языка { $text } я не знаю.
language-chosen = Теперь я говорю по-русски.
zone = Ваш часовой пояс: { $zone }, сейчас { $time }.
zone-chosen = Теперь ваш часовой пояс: { $zone }, сейчас { $time }.
zone-change = Изменить: { $example }
zone-unknown = Не знаю часового пояса { $text }. Например: { $example }
did-you-mean = Возможно, вы имели в виду:
unknown-command = Не знаю команды { $command }.
plain-text = Я понимаю только команды.
old-button = Эта кнопка устарела. Отправьте команду ещё раз.
old-card = Это сообщение больше не обновляется. Что активно сейчас, покажет /alerts.
not-saved = Не удалось это сохранить, ничего не изменилось. Повторите через минуту.
status-up = Nabat { $version } работает с { $at } ({ $span })
status-news = Последняя новость от источника: { $at } ({ $span } назад).
status-no-news = Источники ещё ничего не присылали.
status-silences = { $n ->
    [one] Действует { $n } заглушка: /silences
    [few] Действуют { $n } заглушки: /silences
   *[many] Действует { $n } заглушек: /silences
}
status-waiting-total = { $n ->
    [0] Неотправленных сообщений нет.
    [one] Ждёт отправки { $n } сообщение.
    [few] Ждут отправки { $n } сообщения.
   *[many] Ждут отправки { $n } сообщений.
}
status-chat = Этот чат
status-nothing-waits = Сюда всё отправлено.
status-waiting = { $n ->
    [one] Сюда ждёт отправки { $n } сообщение, уже { $span }.
    [few] Сюда ждут отправки { $n } сообщения, самое старое уже { $span }.
   *[many] Сюда ждут отправки { $n } сообщений, самое старое уже { $span }.
}
status-disabled = Сюда больше ничего не отправляется: { $error }
status-error = Последняя ошибка: { $error }
status-elsewhere = Другие получатели
status-elsewhere-disabled = Туда больше ничего не отправляется
status-elsewhere-waiting = { $n ->
    [one] ждёт { $n }, уже { $span }
    [few] ждут { $n }, самое старое уже { $span }
   *[many] ждёт { $n }, самое старое уже { $span }
}

## Commands

help = Что я понимаю
help-expression = Выражение ищется в заголовке алерта (имя и краткое описание) без учёта регистра. «all» или «*» — все алерты.
help-group = В группе подписками распоряжаются её администраторы.
command-regexp = подписать этот чат на алерты
command-subscribe = подписать чат по меткам
command-list = на что подписан этот чат
command-unsubscribe = удалить подписки
command-alerts = что активно сейчас
command-history = что срабатывало недавно
command-status = как дела у меня и у сообщений в этот чат
command-silence = заглушить алерты для всех
command-silences = что заглушено для всех; снять заглушку
command-monitors = как дела у того, за чем я слежу
command-watch = следить за узлом или сервисом
command-unwatch = больше не следить
command-check = проверить что-нибудь один раз, сейчас
command-mute = тишина в этом чате на время
command-unmute = снять тишину
command-lang = выбрать язык
command-tz = выбрать часовой пояс
command-invite = впустить человека или группу
command-people = кого впустили; закрыть доступ
command-start = приветствие
command-help = все команды

## Подтверждения и заглушки

acknowledged = Вы занимаетесь этим до { $what }.
already-acknowledged = { $people ->
    [1] { $names } уже занимается этим до { $at }.
   *[other] { $names } уже занимаются этим до { $at }.
}
released = Этим больше никто не занимается.
silenced = Заглушено для всех до { $at }: { $what }
silenced-until-resolved = Заглушено для всех до восстановления, самое позднее до { $at }: { $what }
silence-matches-all = Так заглушится всё, у чего нет какой-нибудь метки. Укажите и значение, например { $example }.
silence-how = Что заглушить, на сколько и почему? Например:
silence-why-example = переносим базу
silence-would = { $hushed ->
    [0] Сейчас под { $what } не попадает ни один активный алерт.
    [one] Будет заглушён { $hushed } из { $firing } активных: { $what }
    [few] Будут заглушены { $hushed } из { $firing } активных: { $what }
   *[many] Будет заглушено { $hushed } из { $firing } активных: { $what }
}
silence-until-resolved = Только пока всё не восстановится, но не дольше чем на { $span }.
silence-already = { $n ->
    [one] { $n } из них уже заглушён.
    [few] { $n } из них уже заглушены.
   *[many] { $n } из них уже заглушено.
}
silence-sure-everything = Это всё, что сейчас активно. Точно заглушить?
silence-sure-open = Здесь нет ни одного точного значения метки: может попасть и лишнее. Точно заглушить?
silence-declined = Ничего не заглушено.
silence-ends-soon = Заглушка закончится в { $at }: { $what }
silence-still-fires = { $n ->
    [0] Из этого сейчас ничего не активно.
    [one] Всё ещё активен { $n } алерт из этого.
    [few] Всё ещё активны { $n } алерта из этого.
   *[many] Всё ещё активно { $n } алертов из этого.
}
button-silence = Да, заглушить на { $span }
button-silence-until-resolved = Да, до восстановления
button-no = Нет
silence-from = с { $from } до { $at }
silence-resolved-or-until = до восстановления, самое позднее до { $at }
silence-ended = Заглушка снята.
nothing-fires = Из этого больше ничего не активно.
nothing-in-common = У этих алертов разные имена, общая заглушка задела бы и другие. Заглушите их по одному.
too-many-silences = Заглушек слишком много. Сначала снимите какие-нибудь.
silences = { $n ->
    [one] { $n } заглушка
    [few] { $n } заглушки
   *[many] { $n } заглушек
}
silences-hint = Для всех. ✖ снимает, +1 ч продлевает на час.
silences-none = Заглушек нет.
silence-until = до { $at }
silence-unknown = Этой заглушки уже нет.
details-follow = Сейчас пришлю.
hush-acknowledged = { $people ->
    [1] ✋ { $names } занимается этим до { $at }
   *[other] ✋ { $names } занимаются этим до { $at }
}
hush-acknowledged-partly = { $people ->
    [1] ✋ { $names } занимается { $part } из { $of } до { $at }
   *[other] ✋ { $names } занимаются { $part } из { $of } до { $at }
}
hush-silenced = 🔕 Заглушено до { $at }
hush-silenced-partly = 🔕 { $part } из { $of } заглушено до { $at }
button-acknowledge = ✋ Займусь
button-let-go = ↩ Отпустить
button-details = Подробнее
button-end-silence = 🔔 Снять заглушку

## Наблюдение

monitors-down = не работает: { $n }
monitors-suspect = под подозрением: { $n }
monitors-degraded = с перебоями: { $n }
monitors-recovering = восстанавливается: { $n }
monitors-unreachable = недоступно: { $n }
monitors-unknown = неизвестно: { $n }
monitors-pending = ещё не проверено: { $n }
monitors-maintenance = на обслуживании: { $n }
monitors-paused = на паузе: { $n }
monitors-up = работает: { $n }
monitors-none = Пока ни за чем не слежу. Например: { $example }
monitors-none-such = Среди того, за чем я слежу, ничего не подходит под { $text }.
monitor-up = Работает
monitor-down = Не работает
monitor-suspect = Возможно, не работает, перепроверяю
monitor-degraded = Работает с перебоями
monitor-recovering = Похоже, снова работает, перепроверяю
monitor-unreachable = Недоступно
monitor-unknown-status = Неизвестно
monitor-pending = Ещё не проверено
monitor-maintenance = На обслуживании
monitor-paused = На паузе
monitor-since = { $status } с { $at } ({ $span })
monitor-flaps = то работает, то нет
monitor-last = Последняя проверка в { $at }: { $seen }
monitor-uptime = Доступность: { $list }
monitor-uptime-of-less = { $share } за { $span } наблюдения
monitor-made-by = Добавлено: { $name }
monitor-made-by-call = Добавлено первым же вызовом
monitor-of-configuration = Задано в конфигурации
monitor-moment = Минутку.
monitor-unknown = За { $name } я не слежу. За чем слежу, покажет /monitors
monitor-gone = За этим я больше не слежу. За чем слежу, покажет /monitors
monitor-configured = Монитор { $name } задан в конфигурации, в разделе «monitors», и изменить его можно только там.
monitor-not-theirs = Это могут только владельцы бота и тот, кто добавил { $name }.
monitor-has-children = { $child } стоит за { $name }. Сначала удалите { $child } или уберите { $name } из его «parents».
monitors-too-many = { $n ->
    [one] Я уже слежу за { $n } монитором, больше нельзя.
   *[other] Я уже слежу за { $n } мониторами, больше нельзя.
}
monitors-too-many-looks = Я уже проверяю несколько адресов. Повторите, когда на это будет ответ.
monitors-too-many-of-person = { $n ->
    [one] Вы уже добавили { $n } монитор, больше нельзя. Сначала удалите его: /unwatch
    [few] Вы уже добавили { $n } монитора, больше нельзя. Сначала удалите какой-нибудь: /unwatch
   *[many] Вы уже добавили { $n } мониторов, больше нельзя. Сначала удалите какой-нибудь: /unwatch
}
monitors-too-many-in-chat = { $n ->
    [one] В этом чате уже добавлен { $n } монитор, больше нельзя. Сначала удалите его: /unwatch
    [few] В этом чате уже добавлены { $n } монитора, больше нельзя. Сначала удалите какой-нибудь: /unwatch
   *[many] В этом чате уже добавлено { $n } мониторов, больше нельзя. Сначала удалите какой-нибудь: /unwatch
}
monitor-heartbeat = { $name } — это сигнал жизни или группа, проверять тут нечего.
monitor-not-seen = Проверить { $name } не получилось, поэтому следить не буду:
monitor-unfit = Проверить это я не могу:
monitor-exists = За { $name } я уже слежу: { $target }
monitor-exists-told = В этот чат о нём сообщается.
monitor-remove-sure = { $n ->
    [one] О { $name } сообщается ещё в { $n } место. Перестать следить и забыть историю?
    [few] О { $name } сообщается ещё в { $n } места. Перестать следить и забыть историю?
   *[many] О { $name } сообщается ещё в { $n } мест. Перестать следить и забыть историю?
}
monitor-removed = За { $name } больше не слежу.
watch-how = За чем следить и как часто проверять? Например:
watch-interval = { $text } — это не промежуток времени от 1 с до 1 дня. Например: { $example }
check-how = Что проверить? Например:
not-a-target = { $text } проверить нельзя. Например:
looked-up = работает
looked-degraded = работает, но с перебоями
looked-down = не отвечает как следует
looked-unknown = проверить не получилось
watched-told = Теперь я за этим слежу; если что-то изменится, сообщу в этот чат.
watched-all-the-same = Следить всё равно буду и сообщу в этот чат, как дела.
watched-not-told = Следить буду, но сообщать сюда не могу, в чате слишком много подписок: /unsubscribe
unwatch-choose = За чем больше не следить?
unwatch-none = В этом чате ничего не добавляли. Удалить другое: { $example }
phase-resolve = имя
phase-connect = соединение
phase-proxy = прокси
phase-tls = TLS
phase-first-byte = первый байт
phase-transfer = передача
button-follow = 🔔 Сообщать сюда
button-remove-sure = Да, удалить
button-check = 🔍 Проверить
button-pause = ⏸ Пауза
button-resume = ▶ Продолжить
button-maintenance = 🔧 { $span }
button-maintenance-end = 🔧 Закончить обслуживание
button-remove = ✖ Удалить
button-all-monitors = ◀ Все
