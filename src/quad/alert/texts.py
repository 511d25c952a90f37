"""What the pages say, in the languages of the people who use them."""

from collections.abc import Mapping
from typing import Final

Texts = Mapping[str, str]

_ENGLISH: Final[Texts] = {
    "language": "en",
    "title": "Alert room",
    "intro": "Everyone in a room is told at once.",
    "name": "Your name",
    "room": "Room",
    "room_hint": "The code that your room agreed on, such as R101.",
    "enter": "Enter",
    "leave": "Leave",
    "here": "Here now",
    "nobody": "Nobody yet",
    "messages": "Messages",
    "silence": "Nothing has been said yet.",
    "message": "Message",
    "send": "Send",
    "large": "Large type",
    "normal": "Normal type",
    "reload": "Show new messages",
    "no_script": "Without JavaScript this page updates every half minute.",
    "connecting": "Connecting …",
    "connected": "Connected",
    "lost": "Connection lost, trying again …",
    "not_sent": "Not sent: there is no connection. Your text is still here.",
    "bad_name.empty": "Please enter a name.",
    "bad_name.long": "This name is too long: at most 64 characters.",
    "bad_name.characters": "A name is one line of plain text.",
    "bad_room.empty": "Please enter the code of a room.",
    "bad_room.long": "This code is too long: at most 64 characters.",
    "bad_room.characters": "The code of a room is one line of plain text.",
    "bad_text.empty": "Please write something.",
    "bad_text.long": "This message is too long.",
    "bad_text.characters": "This message holds a character that cannot be shown.",
    "rate_limited": "Too many messages. Please wait a moment.",
    "store_unavailable": "The server cannot save this right now. Please try again.",
    "cross_site": "Please use the form of this page.",
}

_PORTUGUESE: Final[Texts] = {
    "language": "pt",
    "title": "Sala de avisos",
    "intro": "Todos na sala são avisados ao mesmo tempo.",
    "name": "Seu nome",
    "room": "Sala",
    "room_hint": "O código combinado da sala, por exemplo R101.",
    "enter": "Entrar",
    "leave": "Sair",
    "here": "Na sala agora",
    "nobody": "Ninguém ainda",
    "messages": "Mensagens",
    "silence": "Nada foi dito ainda.",
    "message": "Mensagem",
    "send": "Enviar",
    "large": "Letras grandes",
    "normal": "Letras normais",
    "reload": "Mostrar novas mensagens",
    "no_script": "Sem JavaScript esta página se atualiza a cada meio minuto.",
    "connecting": "Conectando …",
    "connected": "Conectado",
    "lost": "Conexão perdida, tentando de novo …",
    "not_sent": "Não enviado: não há conexão. Seu texto continua aqui.",
    "bad_name.empty": "Escreva um nome.",
    "bad_name.long": "Este nome é longo demais: no máximo 64 caracteres.",
    "bad_name.characters": "O nome é uma linha de texto simples.",
    "bad_room.empty": "Escreva o código de uma sala.",
    "bad_room.long": "Este código é longo demais: no máximo 64 caracteres.",
    "bad_room.characters": "O código da sala é uma linha de texto simples.",
    "bad_text.empty": "Escreva alguma coisa.",
    "bad_text.long": "Esta mensagem é longa demais.",
    "bad_text.characters": "Esta mensagem tem um caractere que não pode ser mostrado.",
    "rate_limited": "Mensagens demais. Espere um momento.",
    "store_unavailable": "O servidor não consegue salvar agora. Tente de novo.",
    "cross_site": "Use o formulário desta página.",
}

_RUSSIAN: Final[Texts] = {
    "language": "ru",
    "title": "Комната объявлений",
    "intro": "Все в комнате узнают обо всём сразу.",
    "name": "Ваше имя",
    "room": "Комната",
    "room_hint": "Код, о котором договорились в комнате, например R101.",
    "enter": "Войти",
    "leave": "Выйти",
    "here": "Сейчас здесь",
    "nobody": "Пока никого",
    "messages": "Сообщения",
    "silence": "Пока ничего не сказано.",
    "message": "Сообщение",
    "send": "Отправить",
    "large": "Крупный шрифт",
    "normal": "Обычный шрифт",
    "reload": "Показать новые сообщения",
    "no_script": "Без JavaScript страница обновляется каждые полминуты.",
    "connecting": "Соединение …",
    "connected": "На связи",
    "lost": "Связь потеряна, пробуем снова …",
    "not_sent": "Не отправлено: нет связи. Ваш текст сохранён.",
    "bad_name.empty": "Введите имя.",
    "bad_name.long": "Имя слишком длинное: не больше 64 знаков.",
    "bad_name.characters": "Имя — одна строка обычного текста.",
    "bad_room.empty": "Введите код комнаты.",
    "bad_room.long": "Код слишком длинный: не больше 64 знаков.",
    "bad_room.characters": "Код комнаты — одна строка обычного текста.",
    "bad_text.empty": "Напишите что-нибудь.",
    "bad_text.long": "Сообщение слишком длинное.",
    "bad_text.characters": "В сообщении есть знак, который нельзя показать.",
    "rate_limited": "Слишком много сообщений. Подождите немного.",
    "store_unavailable": "Сервер сейчас не может это сохранить. Попробуйте ещё раз.",
    "cross_site": "Воспользуйтесь формой на этой странице.",
}

CATALOGUE: Final[Mapping[str, Texts]] = {
    texts["language"]: texts for texts in (_ENGLISH, _PORTUGUESE, _RUSSIAN)
}

# What the page's script says by itself.
OF_SCRIPT: Final = frozenset(
    {
        "nobody",
        "connecting",
        "connected",
        "lost",
        "not_sent",
        "bad_text.empty",
        "bad_text.long",
        "rate_limited",
        "store_unavailable",
    }
)


def choose_texts(accept_language: str) -> Texts:
    """The texts for an Accept-Language header; English if none of ours is wanted."""
    wanted: list[tuple[float, Texts]] = []
    for part in accept_language.split(","):
        tag, _, quality = part.strip().partition(";q=")
        texts = CATALOGUE.get(tag.partition("-")[0].lower())
        if texts is not None:
            wanted.append((_quality(quality), texts))
    # Of equal wishes the first: that is what max returns.
    return max(wanted, key=lambda wish: wish[0], default=(1.0, _ENGLISH))[1]


def _quality(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0
