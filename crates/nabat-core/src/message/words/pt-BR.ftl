# O que o Nabat diz em português do Brasil. As chaves e variáveis são as mesmas de todos os idiomas.

## Moments and spans of time

month = { $month ->
    [1] jan.
    [2] fev.
    [3] mar.
    [4] abr.
    [5] mai.
    [6] jun.
    [7] jul.
    [8] ago.
    [9] set.
    [10] out.
    [11] nov.
   *[12] dez.
}
moment-day = { $day } { $month } { $time }
moment-year = { $day } { $month } { $year } { $time }
span-seconds = { $n } s
span-minutes = { $n } min
span-hours = { $n } h
span-days = { $n ->
    [one] { $n } dia
   *[other] { $n } dias
}
span-micros = { $n } µs
span-millis = { $n } ms
percent = { $whole },{ $part }%
percent-whole = { $whole }%

## Alerts

alerts-none = Nenhum alerta ativo.
history = Recentes, o último primeiro
history-none = Nada parecido disparou ultimamente.
history-unreadable = Não consigo consultar o histórico agora. Tente de novo em um minuto.
state-resolved = Resolvido
state-expired = Expirado
state-closed = Encerrado
count-firing = { $n ->
    [one] { $n } ativo
   *[other] { $n } ativos
}
count-stale = { $n } sem notícias
count-resolved = { $n ->
    [one] { $n } resolvido
   *[other] { $n } resolvidos
}
count-expired = { $n ->
    [one] { $n } expirado
   *[other] { $n } expirados
}
count-closed = { $n ->
    [one] { $n } encerrado
   *[other] { $n } encerrados
}
since = Desde { $at }
period = { $from } – { $to } ({ $span })
stale = Sem notícias da origem desde { $at }. O alerta talvez ainda esteja ativo.
why-expired = A origem parou de responder e o prazo que ela deu acabou; ela não informou que o problema foi resolvido.
why-closed = Não é mais monitorado; ninguém informou que o problema foi resolvido.
entry-since = desde { $at }
entry-stale = sem notícias desde { $at }
entry-explained = explicado por { $name }
entry-ended = { $state } { $from } – { $to } ({ $span })
rest = e mais { $n }: { $names }
more = e mais { $n }
link-source = Origem
link-dashboard = Dashboard
link-runbook = Runbook
link-silence = Silenciar
follow-changed = { $n ->
    [1] Mudou
   *[other] { $n } mudaram
}
follow-still = Ainda ativo há { $span }
follow-stale = Sem notícias da origem desde { $at }
follow-resolved = Resolvido após { $span }
follow-expired = Expirado após { $span }
follow-closed = Encerrado após { $span }
follow-others = Outros alertas deste grupo continuam abertos.
follow-over = Nada mais está ativo neste grupo.
state-missed = Surgiu e passou
count-missed = { $n ->
    [one] { $n } surgiu e passou
   *[other] { $n } surgiram e passaram
}
count-still-firing = { $n ->
    [one] { $n } ainda ativo
   *[other] { $n } ainda ativos
}
missed-meanwhile = Surgiram e passaram nesse meio-tempo:
flapped = oscilou { $n }×
maybe-repeated = Talvez seja uma repetição: a resposta ao primeiro envio se perdeu.
instead-of = Enviado aqui porque não é possível entregar a { $name }.
details-known = Conhecido aqui desde { $opened } · última notícia { $seen }
follow-unattended = { $n ->
    [one] Ninguém mais cuida disto
   *[other] Ninguém mais cuida destes
}
follow-still-firing = { $n ->
    [one] ainda ativo
   *[other] ainda ativos
}
digest = Resumo, não é atualizado: /alerts mostra a situação atual.

## People

greeting = Olá, eu sou { $name }. Levo os alertas a quem precisa saber deles.
try-subscribe = Para assinar: { $example } (a expressão é procurada no título do alerta) ou { $all } para receber tudo.
try-matchers = Para assinar: { $example } (rótulos do alerta; depois de =~ vem uma expressão) ou { $all } para receber tudo.
try-watch = Para eu vigiar algo: { $host } ou { $page }; este chat é avisado quando falhar.
try-help = Todos os comandos: /help
paired = Boas-vindas! Agora você pode usar este bot.
paired-owner = Boas-vindas! Agora você é dono deste bot. Para convidar outras pessoas: /invite
already-known = Já nos conhecemos. O link não foi gasto: você pode repassá-lo.
group-paired = Agora conheço este grupo: os administradores podem fazer assinaturas.
code-not-valid = Este link não vale: já foi usado, é antigo demais ou foi copiado pela metade. Peça um novo a um dono deste bot.
stranger = Ainda não nos conhecemos, então não posso contar nada. Peça um link de convite a um dono deste bot (ele o obtém com /invite).
stranger-id = Seu id: { $id }
stranger-chat-id = O id deste chat: { $id }
group-not-known = Ainda não conheço este grupo. Um dono deste bot pode liberá-lo com o link de grupo do /invite ou incluindo { $id } em “allow” na configuração.
owners-only = Só os donos deste bot podem fazer isso.
in-private-only = Convites são secretos: peça um no nosso chat privado.
group-admins-only = Só os administradores deste grupo podem fazer isso.
anonymous-admin = Você escreve como administrador anônimo, e não consigo ver quem é. Desative “Permanecer anônimo” nas suas permissões de administrador e tente de novo.
invite = Cada link libera um acesso, uma única vez, e vale por { $span }.
invite-person = Para uma pessoa:
invite-group = Para um grupo:
people = Liberados por link. Toque num nome para retirar o acesso.
people-none = Ninguém foi liberado por link.
person-gone = Acesso retirado: { $what }. Nada de novo chegará lá.
person-unknown = Essa pessoa não está (mais) na lista.

## Subscriptions

everything = todos os alertas
subscribed = Assinatura feita: { $what }.
already-subscribed = Este chat já assina { $what }.
firing-now = { $n ->
    [0] Nenhum alerta ativo agora.
    [one] { $n } alerta ativo agora.
   *[other] { $n } alertas ativos agora.
}
firing-now-none-of-these = Nenhum destes está ativo agora.
bad-expression = Não consigo ler esta expressão:
mistake-no-label = Falta o nome de um rótulo, como em severity=critical.
mistake-no-operator = Falta um destes: =, !=, =~ ou !~.
mistake-quote = Faltam as aspas de fechamento.
mistake-brace = Falta a chave de fechamento.
mistake-empty = A expressão está vazia.
mistake-large = A expressão fica grande demais; use menos repetições.
mistake-group = Este grupo não está fechado.
mistake-group-unopened = Este parêntese não fecha nenhum grupo.
mistake-class = Esta classe de caracteres não está fechada.
mistake-count = Esta repetição não está fechada.
mistake-nothing-repeated = Não há nada a repetir aqui.
mistake-look-around = Não há suporte a look-around.
expression-example = Por exemplo: { $example }
expression-missing = O que devo acompanhar?
expression-too-long = { $n ->
    [one] A expressão é longa demais: no máximo { $n } caractere.
   *[other] A expressão é longa demais: no máximo { $n } caracteres.
}
too-many-subscriptions = { $n ->
    [one] Este chat tem { $n } assinatura, e não pode ter mais. Remova-a com /unsubscribe.
   *[other] Este chat tem { $n } assinaturas, e não pode ter mais. Remova uma com /unsubscribe ou junte várias: a|b
}
subscriptions = { $n ->
    [0] Nenhuma assinatura
    [one] { $n } assinatura
   *[other] { $n } assinaturas
}
no-subscriptions = Este chat não tem assinaturas.
routed = { $n ->
    [one] { $n } rota da configuração avisa este chat
   *[other] { $n } rotas da configuração avisam este chat
}
routed-hint = Só a configuração muda isso.
choose-unsubscribe = Qual assinatura devo remover?
unsubscribe-all = { $n ->
    [one] Remover { $n } assinatura
   *[other] Remover todas as { $n }
}
unsubscribed = Assinatura removida: { $what }.
unsubscribed-all = { $n ->
    [one] { $n } assinatura removida.
   *[other] { $n } assinaturas removidas.
}
subscription-unknown = Este chat não assina { $what }.
no-such-subscription = Essa assinatura não existe mais. Veja /list
page = página { $page } de { $pages }

## Settings and state

muted = Este chat está silenciado até { $what }. Para reativar: /unmute
not-muted = Este chat não está silenciado.
unmuted = Este chat não está mais silenciado.
period-missing = Por quanto tempo? Por exemplo: { $example }
bad-period = { $text } não é um intervalo de tempo. Por exemplo: { $example }
period-too-long = { $text } é tempo demais: no máximo { $span }.
choose-language = Em que idioma devo falar?
language-unknown = Não falo { $text }.
language-chosen = Agora eu falo português.
zone = Seu fuso horário é { $zone } (agora: { $time }).
zone-chosen = Seu fuso horário passou a ser { $zone } (agora: { $time }).
zone-change = Para mudar: { $example }
zone-unknown = Não conheço o fuso horário { $text }. Por exemplo: { $example }
did-you-mean = Você quis dizer:
unknown-command = Não conheço o comando { $command }.
plain-text = Eu só entendo comandos.
old-button = Este botão está desatualizado. Envie o comando de novo.
old-card = Esta mensagem não é mais atualizada. /alerts mostra o que está ativo agora.
not-saved = Não consegui salvar isso, então nada mudou. Tente de novo em um minuto.
status-up = Nabat { $version } no ar desde { $at } ({ $span })
status-news = Última notícia de uma origem: { $at } (há { $span }).
status-no-news = Nenhuma origem enviou nada ainda.
status-silences = { $n ->
    [one] { $n } silêncio em vigor: /silences
   *[other] { $n } silêncios em vigor: /silences
}
status-waiting-total = { $n ->
    [0] Nenhuma mensagem na fila.
    [one] { $n } mensagem na fila.
   *[other] { $n } mensagens na fila.
}
status-chat = Este chat
status-nothing-waits = Nada na fila para este chat.
status-waiting = { $n ->
    [one] { $n } mensagem na fila para este chat, há { $span }.
   *[other] { $n } mensagens na fila para este chat, a mais antiga há { $span }.
}
status-disabled = Nada mais é enviado para este chat: { $error }
status-error = Último erro: { $error }
status-elsewhere = Outros destinos
status-elsewhere-disabled = Nada mais é enviado para lá
status-elsewhere-waiting = { $n ->
    [one] { $n } na fila, há { $span }
   *[other] { $n } na fila, a mais antiga há { $span }
}

## Commands

help = O que eu entendo
help-expression = A expressão é procurada no título do alerta (nome e resumo), sem diferenciar maiúsculas. “all” ou “*” vale para todos.
help-group = Em um grupo, quem decide sobre as assinaturas são os administradores.
command-regexp = assinar alertas neste chat
command-subscribe = assinar por labels
command-list = o que este chat assina
command-unsubscribe = remover assinaturas
command-alerts = o que está ativo agora
command-history = o que disparou ultimamente
command-status = como estou e como vão as mensagens deste chat
command-silence = silenciar alertas para todos
command-silences = o que está silenciado para todos; encerrar
command-monitors = como está o que eu monitoro
command-watch = monitorar um host ou serviço
command-unwatch = deixar de monitorar
command-check = verificar algo uma vez, agora
command-mute = silenciar este chat por um tempo
command-unmute = reativar este chat
command-lang = escolher o idioma
command-tz = escolher o fuso horário
command-invite = liberar uma pessoa ou um grupo
command-people = quem foi liberado; retirar o acesso
command-start = boas-vindas
command-help = todos os comandos

## Reconhecimentos e silêncios

acknowledged = Você cuida disso até { $what }.
already-acknowledged = { $people ->
    [one] { $names } já cuida disso até { $at }.
   *[other] { $names } já cuidam disso até { $at }.
}
released = Ninguém mais cuida disso.
silenced = Silenciado para todos até { $at }: { $what }
silenced-until-resolved = Silenciado para todos até ser resolvido, no máximo até { $at }: { $what }
silence-matches-all = Isso silenciaria tudo o que não tem certo rótulo. Indique também um valor, como { $example }.
silence-how = O que devo silenciar, por quanto tempo e por quê? Por exemplo:
silence-why-example = movendo o banco
silence-would = { $hushed ->
    [0] Nada do que está disparando agora seria silenciado por { $what }.
    [one] Isso silenciaria { $hushed } de { $firing } que disparam agora: { $what }
   *[other] Isso silenciaria { $hushed } de { $firing } que disparam agora: { $what }
}
silence-until-resolved = Só até tudo ser resolvido, por no máximo { $span }.
silence-already = { $n ->
    [one] { $n } deles já está silenciado.
   *[other] { $n } deles já estão silenciados.
}
silence-sure-everything = Isso é tudo o que está disparando. Tem certeza?
silence-sure-open = Nenhum rótulo tem um valor exato: pode abranger mais do que você imagina. Tem certeza?
silence-declined = Nada foi silenciado.
silence-ends-soon = O silêncio acaba às { $at }: { $what }
silence-still-fires = { $n ->
    [0] Nada disso está disparando agora.
    [one] { $n } alerta disso ainda está disparando.
   *[other] { $n } alertas disso ainda estão disparando.
}
button-silence = Sim, silenciar por { $span }
button-silence-until-resolved = Sim, até ser resolvido
button-no = Não
silence-from = de { $from } até { $at }
silence-resolved-or-until = até ser resolvido, no máximo até { $at }
silence-ended = O silêncio acabou.
nothing-fires = Nada disso está disparando mais.
nothing-in-common = Estes alertas não têm o mesmo nome, então um silêncio abrangeria mais do que eles. Silencie um por um.
too-many-silences = Há silêncios demais. Encerre alguns primeiro.
silences = { $n ->
    [one] { $n } silêncio
   *[other] { $n } silêncios
}
silences-hint = Valem para todos. ✖ encerra, +1 h prolonga em uma hora.
silences-none = Não há silêncios.
silence-until = até { $at }
silence-unknown = Esse silêncio já acabou.
details-follow = Aí vai.
hush-acknowledged = { $people ->
    [one] ✋ { $names } cuida disso até { $at }
   *[other] ✋ { $names } cuidam disso até { $at }
}
hush-acknowledged-partly = { $people ->
    [one] ✋ { $names } cuida de { $part } de { $of } até { $at }
   *[other] ✋ { $names } cuidam de { $part } de { $of } até { $at }
}
hush-silenced = 🔕 Silenciado até { $at }
hush-silenced-partly = 🔕 { $part } de { $of } silenciados até { $at }
button-acknowledge = ✋ Assumir
button-let-go = ↩ Liberar
button-details = Detalhes
button-end-silence = 🔔 Encerrar silêncio

## Monitoramento

monitors-down = { $n } fora do ar
monitors-suspect = { $n } sob suspeita
monitors-degraded = { $n } com problemas
monitors-recovering = { $n } voltando
monitors-unreachable = { $n } sem acesso
monitors-unknown = { $n ->
    [one] { $n } desconhecido
   *[other] { $n } desconhecidos
}
monitors-pending = { $n ->
    [one] { $n } ainda não verificado
   *[other] { $n } ainda não verificados
}
monitors-maintenance = { $n } em manutenção
monitors-paused = { $n ->
    [one] { $n } pausado
   *[other] { $n } pausados
}
monitors-up = { $n } no ar
monitors-none = Ainda não monitoro nada. Por exemplo: { $example }
monitors-none-such = Nada do que eu vigio corresponde a { $text }.
monitor-up = No ar
monitor-down = Fora do ar
monitor-suspect = Talvez fora do ar, estou confirmando
monitor-degraded = No ar, mas com problemas
monitor-recovering = Parece ter voltado, estou confirmando
monitor-unreachable = Sem acesso
monitor-unknown-status = Desconhecido
monitor-pending = Ainda não verificado
monitor-maintenance = Em manutenção
monitor-paused = Pausado
monitor-since = { $status } desde { $at } ({ $span })
monitor-flaps = oscila sem parar
monitor-last = Última verificação { $at }: { $seen }
monitor-uptime = Disponibilidade: { $list }
monitor-uptime-of-less = { $share } em { $span } de observação
monitor-made-by = Criado por { $name }
monitor-made-by-call = Criado pela primeira chamada
monitor-of-configuration = Definido na configuração
monitor-moment = Um momento.
monitor-unknown = Não monitoro { $name }. Veja o que monitoro: /monitors
monitor-gone = Isso não é mais monitorado. Veja o que monitoro: /monitors
monitor-configured = { $name } está definido na configuração, em “monitors”, e só pode ser alterado lá.
monitor-not-theirs = Só um dono deste bot, ou quem criou { $name }, pode fazer isso.
monitor-has-children = { $child } fica atrás de { $name }. Remova { $child } primeiro ou tire { $name } de “parents” dele.
monitors-too-many = { $n ->
    [one] Já monitoro { $n } item, e não pode haver mais.
   *[other] Já monitoro { $n } itens, e não pode haver mais.
}
monitors-too-many-looks = Já estou verificando vários itens. Peça de novo quando isso estiver respondido.
monitors-too-many-of-person = { $n ->
    [one] Você já tem { $n } monitor, e não pode ter mais. Remova-o primeiro: /unwatch
   *[other] Você já tem { $n } monitores, e não pode ter mais. Remova um primeiro: /unwatch
}
monitors-too-many-in-chat = { $n ->
    [one] Este chat já tem { $n } monitor, e não pode ter mais. Remova-o primeiro: /unwatch
   *[other] Este chat já tem { $n } monitores, e não pode ter mais. Remova um primeiro: /unwatch
}
monitor-heartbeat = { $name } é um sinal de vida ou um grupo: não há o que verificar.
monitor-not-seen = Não consegui verificar { $name }, então não vou monitorar:
monitor-unfit = Não consigo verificar isso:
monitor-exists = Já monitoro { $name }: { $target }
monitor-exists-told = Este chat é avisado.
monitor-remove-sure = { $n ->
    [one] Mais { $n } chat ou endereço é avisado sobre { $name }. Deixar de monitorar e esquecer o histórico?
   *[other] Mais { $n } chats e endereços são avisados sobre { $name }. Deixar de monitorar e esquecer o histórico?
}
monitor-removed = { $name } não é mais monitorado.
watch-how = O que devo monitorar, e com que frequência? Por exemplo:
watch-interval = { $text } não é um intervalo de 1 s a 1 dia. Por exemplo: { $example }
check-how = O que devo verificar? Por exemplo:
not-a-target = { $text } não é algo que eu possa verificar. Por exemplo:
looked-up = no ar
looked-degraded = no ar, mas com problemas
looked-down = não responde como deveria
looked-unknown = não consegui verificar
watched-told = Monitorado a partir de agora; este chat será avisado quando algo mudar.
watched-all-the-same = Vou monitorar mesmo assim e avisar este chat da situação.
watched-not-told = Vou monitorar, mas este chat tem assinaturas demais para ser avisado: /unsubscribe
unwatch-choose = Qual destes devo deixar de monitorar?
unwatch-none = Nada do que monitoro foi criado neste chat. Para remover outro: { $example }
phase-resolve = nome
phase-connect = conexão
phase-proxy = proxy
phase-tls = TLS
phase-first-byte = primeiro byte
phase-transfer = transferência
button-follow = 🔔 Avisar este chat
button-remove-sure = Sim, remover
button-check = 🔍 Verificar
button-pause = ⏸ Pausar
button-resume = ▶ Retomar
button-maintenance = 🔧 { $span }
button-maintenance-end = 🔧 Encerrar manutenção
button-remove = ✖ Remover
button-all-monitors = ◀ Todos
