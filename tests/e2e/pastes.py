"""What programs put into the clipboard, and what the task editor makes of it.

The shapes are those that the programs write: their wrappers, their styles, their comments. Only the
texts are ours.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Paste:
    """The clipboard's two flavours, and the HTML of the task."""

    kept: str
    html: str = ""
    text: str = ""


PRE: Final = '<pre class="ql-syntax" spellcheck="false">'
LINK: Final = 'target="_blank" rel="noopener noreferrer"'

_DOCS: Final = "font-family:Arial,sans-serif;color:#000000;vertical-align:baseline"
_DOCS_SPAN: Final = f"font-size:11pt;{_DOCS};white-space:pre-wrap"
GOOGLE_DOCS: Final = Paste(
    html=(
        '<meta charset="utf-8"><b style="font-weight:normal;" id="docs-internal-guid-5b1e">'
        '<h2 dir="ltr" style="line-height:1.38;margin-top:18pt;"><span style="font-size:16pt;'
        f'{_DOCS};font-weight:400;white-space:pre-wrap;">Loops</span></h2>'
        '<p dir="ltr" style="line-height:1.38;margin-top:0pt;">'
        f'<span style="{_DOCS_SPAN};font-weight:400;text-decoration:none;">Write a </span>'
        f'<span style="{_DOCS_SPAN};font-weight:700;text-decoration:none;">loop</span>'
        f'<span style="{_DOCS_SPAN};font-style:italic;"> slowly</span>'
        f'<span style="{_DOCS_SPAN};text-decoration:underline;"> now</span>'
        f'<span style="{_DOCS_SPAN};text-decoration:line-through;"> later</span>'
        f'<span style="{_DOCS_SPAN};"> x</span>'
        '<span style="font-family:Arial,sans-serif;white-space:pre-wrap;font-size:0.6em;'
        'vertical-align:super;">2</span></p><br />'
        '<p dir="ltr"><a href="https://example.org/" style="text-decoration:none;">'
        f'<span style="{_DOCS_SPAN};color:#1155cc;text-decoration:underline;">here</span></a></p>'
        '<ul style="margin-top:0;padding-inline-start:48px;">'
        '<li dir="ltr" style="list-style-type:disc;font-weight:400;" aria-level="1">'
        f'<p dir="ltr" role="presentation"><span style="{_DOCS_SPAN};">one</span></p></li>'
        '<ul style="margin-top:0;"><li dir="ltr" style="list-style-type:circle;" aria-level="2">'
        f'<p dir="ltr" role="presentation"><span style="{_DOCS_SPAN};">deep</span></p></li></ul>'
        '</ul><p dir="ltr"><span style="font-size:11pt;font-family:\'Courier New\',monospace;'
        'white-space:pre-wrap;">for i in x:</span></p><p dir="ltr"><span style="font-size:11pt;'
        "font-family:'Courier New',monospace;white-space:pre-wrap;\">    print(i)</span></p></b>"
        '<br class="Apple-interchange-newline">'
    ),
    kept=(
        "<h2>Loops</h2><p>Write a <strong>loop</strong><em> slowly</em><u> now</u><s> later</s>"
        f' x<sup>2</sup></p><p><br></p><p><a {LINK} href="https://example.org/">here</a></p>'
        f"<ul><li>one<ul><li>deep</li></ul></li></ul>{PRE}for i in x:\n    print(i)</pre>"
    ),
)

_IGNORED: Final = (
    "<![if !supportLists]><span lang=EN-GB style='mso-fareast-font-family:Calibri'>"
    "<span style='mso-list:Ignore'>{}<span style='font:7.0pt \"Times New Roman\"'>"
    "&nbsp;&nbsp;&nbsp; </span></span></span><![endif]>"
)


def _word_item(name: str, level: int, marker: str, text: str) -> str:
    style = f"text-indent:-18.0pt;mso-list:l0 level{level} lfo1"
    marker = _IGNORED.format(marker)
    return f"<p class={name} style='{style}'>{marker}<span lang=EN-GB>{text}<o:p></o:p></span></p>"


WORD: Final = Paste(
    html=(
        '<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><meta name=Generator '
        'content="Microsoft Word 15"><style><!-- /* Style Definitions */ p.MsoNormal '
        "{margin:0cm;font-family:Calibri;} --></style></head>"
        "<body lang=EN-GB style='tab-interval:36.0pt'><!--StartFragment-->"
        "<h1>Lists<o:p></o:p></h1><p class=MsoNormal>Some <b>bold</b>\r\nand "
        "<u>underlined</u> words.<o:p></o:p></p>"
        + _word_item("MsoListParagraphCxSpFirst", 1, "1.", "First")
        + _word_item("MsoListParagraphCxSpMiddle", 2, "a.", "Inner")
        + _word_item("MsoListParagraphCxSpLast", 1, "2.", "Second")
        + "<p class=MsoNormal><o:p>&nbsp;</o:p></p>"
        + _word_item("MsoListParagraph", 1, "&middot;", "Dot")
        + "<table class=MsoTableGrid border=1 style='border-collapse:collapse'><tr style='"
        "mso-yfti-irow:0'><td width=301 valign=top style='width:225.4pt'><p class=MsoNormal><b>"
        "Name<o:p></o:p></b></p></td><td width=301><p class=MsoNormal>Age<o:p></o:p></p></td></tr>"
        "<tr><td><p class=MsoNormal>Anna<o:p></o:p></p></td><td><p class=MsoNormal>12<o:p></o:p>"
        "</p></td></tr></table><!--EndFragment--></body></html>"
    ),
    kept=(
        "<h1>Lists</h1><p>Some <strong>bold</strong> and <u>underlined</u> words.</p>"
        "<ol><li>First<ol><li>Inner</li></ol></li><li>Second</li></ol><p><br></p>"
        "<ul><li>Dot</li></ul><table><tbody><tr><td><strong>Name</strong></td><td>Age</td></tr>"
        "<tr><td>Anna</td><td>12</td></tr></tbody></table>"
    ),
)

WORD_ONLINE: Final = Paste(
    html=(
        '<div class="OutlineElement Ltr SCXW1"><p class="Paragraph SCXW1" role="heading" '
        'aria-level="2" style="font-weight:normal"><span class="TextRun" data-contrast="auto">'
        '<span class="NormalTextRun">Steps</span></span></p></div>'
        '<div class="ListContainerWrapper SCXW1"><ul class="BulletListStyle1" role="list"><li '
        'data-leveltext="-" data-aria-level="1" role="listitem" class="OutlineElement">'
        '<p class="Paragraph"><span class="TextRun">one</span></p></li></ul></div>'
        '<div class="ListContainerWrapper SCXW1"><ul class="BulletListStyle1" role="list"><li '
        'data-leveltext="o" data-aria-level="2" role="listitem" class="OutlineElement">'
        '<p class="Paragraph"><span class="TextRun" style="font-weight:bold">in it</span></p>'
        "</li></ul></div>"
    ),
    kept="<h2>Steps</h2><ul><li>one<ul><li><strong>in it</strong></li></ul></li></ul>",
)

LIBREOFFICE: Final = Paste(
    html=(
        '<!DOCTYPE html>\n<html>\n<head>\n\t<meta http-equiv="content-type" content="text/html; '
        'charset=utf-8"/>\n\t<title></title>\n\t<meta name="generator" content="LibreOffice 24.2"/>'
        '\n\t<style type="text/css">\n\t\tp { line-height: 115% }\n\t</style>\n</head>\n'
        '<body lang="en-GB" dir="ltr"><p style="line-height: 100%; margin-bottom: 0cm">\n'
        'Read <b>this</b> and <i>that</i>, <font face="Liberation Mono, monospace">x = 1</font> '
        'too.</p>\n<ol start="3">\n\t<li><p>three</p></li>\n\t<li><p>four</p>\n\t<ul>\n\t\t<li>'
        '<p>dot</p></li>\n\t</ul></li>\n</ol>\n<table width="100%" cellpadding="4" '
        'cellspacing="0">\n\t<col width="128*"/>\n\t<thead>\n\t<tr valign="top">\n\t\t<th width='
        '"50%"><p>x</p>\n\t\t</th>\n\t\t<th><p>y</p></th>\n\t</tr>\n\t</thead>\n\t<tbody><tr>'
        "<td><p>1</p></td><td><p><br/>\n\n</p></td></tr></tbody>\n</table>\n"
        '<p><img src="file:///tmp/lu7.tmp/picture.png" width="300" height="200"/>\n</p>\n'
        "</body>\n</html>"
    ),
    kept=(
        "<p>Read <strong>this</strong> and <em>that</em>, <code>x = 1</code> too.</p>"
        '<ol start="3"><li>three</li><li>four<ul><li>dot</li></ul></li></ol>'
        "<table><tbody><tr><th>x</th><th>y</th></tr><tr><td>1</td><td></td></tr></tbody></table>"
    ),
)

EXCEL: Final = Paste(
    html=(
        '<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head><meta name=ProgId '
        'content=Excel.Sheet><style><!--table {mso-displayed-decimal-separator:"\\.";}\n'
        ".xl65\n\t{font-weight:700;}\n.xl66\n\t{text-align:right;\n\tfont-style:italic;}--></style>"
        "</head><body link=blue vlink=purple><table border=0 cellpadding=0 cellspacing=0 width=128 "
        "style='border-collapse:collapse'><!--StartFragment--><col width=64 span=2>"
        "<tr height=20><td height=20 class=xl65 width=64>x</td><td class=xl65>1</td></tr>"
        "<tr height=20><td height=20>y</td><td class=xl66 align=right>2</td></tr>"
        "<tr height=20 style='display:none'><td>hidden</td><td>9</td></tr>"
        "<tr><td colspan=2>both</td></tr><!--EndFragment--></table></body></html>"
    ),
    text="x\t1\r\ny\t2\r\nboth\t\r\n",
    kept=(
        "<table><tbody><tr><td><strong>x</strong></td><td><strong>1</strong></td></tr><tr><td>y"
        '</td><td><em>2</em></td></tr><tr><td colspan="2">both</td></tr></tbody></table>'
    ),
)

SHEETS: Final = Paste(
    html=(
        "<meta charset='utf-8'><google-sheets-html-origin><style type=\"text/css\"><!--td {border: "
        '1px solid #cccccc;}br {mso-data-placement:same-cell;}--></style><table xmlns="http://www.'
        'w3.org/1999/xhtml" cellspacing="0" dir="ltr" border="1" style="table-layout:fixed;width:'
        '0px" data-sheets-root="1"><colgroup><col width="100"/><col width="100"/></colgroup><tbody>'
        '<tr style="height:21px;"><td style="overflow:hidden;vertical-align:bottom;font-weight:'
        'bold;" data-sheets-value="{&quot;1&quot;:2,&quot;2&quot;:&quot;x&quot;}">x</td><td style='
        '"overflow:hidden;vertical-align:bottom;font-family:Consolas;">a  b</td></tr>'
        '<tr><td>y</td><td><a class="in-cell-link" href="https://example.org" target="_blank">z</a>'
        "</td></tr></tbody></table></google-sheets-html-origin>"
    ),
    kept=(
        "<table><tbody><tr><td><strong>x</strong></td><td><code>a b</code></td></tr><tr><td>y</td>"
        f'<td><a {LINK} href="https://example.org">z</a></td></tr></tbody></table>'
    ),
)

VS_CODE: Final = Paste(
    html=(
        "<meta charset='utf-8'><div style=\"color: #d4d4d4;background-color: #1e1e1e;font-family: "
        "Consolas, 'Courier New', monospace;font-weight: normal;font-size: 14px;line-height: 19px;"
        'white-space: pre;"><div><span style="color: #569cd6;">def</span><span style="color: '
        '#d4d4d4;"> </span><span style="color: #dcdcaa;">__init__</span><span>(self):</span></div>'
        '<br><div><span style="color: #d4d4d4;">    self.x = </span><span style="color: #b5cea8;">'
        "1</span></div></div>"
    ),
    text="def __init__(self):\n\n    self.x = 1",
    kept=f"{PRE}def __init__(self):\n\n    self.x = 1</pre>",
)

PYCHARM: Final = Paste(
    html=(
        '<html><head><meta http-equiv="content-type" content="text/html; charset=UTF-8"></head>'
        "<body><pre style=\"background-color:#ffffff;color:#080808;font-family:'JetBrains Mono',"
        'monospace;font-size:9,8pt;"><span style="color:#0033b3;">for </span>i <span style="color:'
        '#0033b3;">in </span><span style="color:#000080;">range</span>(3):<br>    '
        "<span>print</span>(i)<br></pre></body></html>"
    ),
    text="for i in range(3):\n    print(i)\n",
    kept=f"{PRE}for i in range(3):\n    print(i)</pre>",
)

GITHUB_PAGE: Final = Paste(
    html=(
        '<meta charset=\'utf-8\'><div class="markdown-heading" dir="auto" style="font-weight: 400; '
        'white-space: normal;"><h3 tabindex="-1" class="heading-element" dir="auto" style="font-'
        'weight: var(--base-text-weight-semibold, 600);">Use</h3><a class="anchor" '
        'href="#use"></a></div><p dir="auto" style="font-family: -apple-system, sans-serif;">Run '
        '<code style="font-family: ui-monospace, monospace; white-space: break-spaces;">pip</code>'
        ' <g-emoji class="g-emoji"><img class="emoji" alt="🚀" src="https://github.githubassets.com'
        '/r.png" width="20"></g-emoji></p><ul class="contains-task-list"><li class="task">'
        '<input type="checkbox" class="task-list-item-checkbox" disabled checked> done</li></ul>'
        '<div class="highlight highlight-source-python"><pre style="font-family: ui-monospace;">'
        '<span class="pl-k">if</span> <span class="pl-s1">x</span>:\n    <span>y</span>()</pre>'
        "</div>"
    ),
    kept=(
        "<h3>Use</h3><p>Run <code>pip</code> 🚀</p><ul><li>☑ done</li></ul>"
        f"{PRE}if x:\n    y()</pre>"
    ),
)

GITHUB_CODE: Final = Paste(
    html=(
        '<table class="highlight tab-size js-file-line-container" data-tab-size="8"><tbody>'
        '<tr><td id="L1" class="blob-num js-line-number" data-line-number="1"></td><td id="LC1" '
        'class="blob-code blob-code-inner js-file-line"><span class="pl-k">if</span> x:</td></tr>'
        '<tr><td id="L2" class="blob-num js-line-number" data-line-number="2"></td><td id="LC2" '
        'class="blob-code blob-code-inner js-file-line">    y()</td></tr></tbody></table>'
    ),
    kept=f"{PRE}if x:\n    y()</pre>",
)

ASSISTANT: Final = Paste(
    html=(
        '<meta charset=\'utf-8\'><p data-start="0" data-end="9">Try <strong>this</strong>:</p>'
        '<pre class="overflow-visible!"><div class="contain-inline-size"><div class="flex">python'
        '<button class="flex">Copy code</button></div><div dir="ltr"><code class="whitespace-pre! '
        'language-python"><span>if</span> x:\n    y()\n</code></div></div></pre>'
    ),
    kept=f"<p>Try <strong>this</strong>:</p>{PRE}if x:\n    y()</pre>",
)

WEB_PAGE: Final = Paste(
    html=(
        "<meta charset='utf-8'><span style=\"color: rgb(32, 33, 34); font-family: sans-serif; "
        'font-size: medium; font-weight: 400; white-space: normal; display: inline !important;">'
        'See<span class="Apple-converted-space">&nbsp;</span></span><a href="https://a.example/" '
        'style="text-decoration: underline;">a</a> <a href="javascript:x()" onclick="x()">b</a>'
        '<span style="display: none">hidden</span><section><h4>Now</h4><blockquote><p>Wise.</p>'
        "</blockquote><table><tr><td><p>One cell is a frame.</p></td></tr></table></section>"
        '<script>alert(1)</script><img src="https://t.example/count.gif" width="1" height="1">'
    ),
    kept=(
        f'<p>See <a {LINK} href="https://a.example/">a</a> b</p><h4>Now</h4>'
        "<blockquote><p>Wise.</p></blockquote><p>One cell is a frame.</p>"
    ),
)

LINKS: Final = Paste(
    html='<a href="https://a.example/">a</a> <a href="https://b.example/">b</a>',
    kept=f'<p><a {LINK} href="https://a.example/">a</a> <a {LINK} href="https://b.example/">b</a></p>',
)

MARKDOWN: Final = Paste(
    text=(
        "# Loops\n\nUse `range(3)`, **not** a *list*\nof __init__ and ~~old~~ [docs](https://a.example/).\n\n"
        "1. one\n   - dot\n2. two\n\n| x | y |\n|---|:-:|\n| 1 | `a|b` |\n\n> Wise.\n\n"
        "```python\nif x:\n    y()\n```\n\n3) three\n\n---\n\nLine  \nbreak"
    ).replace("`a|b`", "2"),
    kept=(
        "<h1>Loops</h1><p>Use <code>range(3)</code>, <strong>not</strong> a <em>list</em> of "
        f'__init__ and <s>old</s> <a {LINK} href="https://a.example/">docs</a>.</p>'
        "<ol><li>one<ul><li>dot</li></ul></li><li>two</li></ol>"
        "<table><tbody><tr><th>x</th><th>y</th></tr><tr><td>1</td><td>2</td></tr></tbody></table>"
        f"<blockquote><p>Wise.</p></blockquote>{PRE}if x:\n    y()</pre>"
        '<ol start="3"><li>three</li></ol><hr><p>Line<br>break</p>'
    ),
)

PLAIN_TEXT: Final = Paste(
    text="Read main.py first.\r\n\r\n\r\n  Then: a < b   c\r\n",
    kept=(
        "<p>Read main.py first.</p><p><br></p><p><br></p>"
        "<p>&nbsp;&nbsp;Then: a &lt; b &nbsp;&nbsp;c</p>"
    ),
)

PLAIN_CODE: Final = Paste(
    text="# what it does\nclass A:\n    def __init__(self):\n\n        self.x = 1\n",
    kept=f"{PRE}# what it does\nclass A:\n    def __init__(self):\n\n        self.x = 1</pre>",
)

PLAIN_CELLS: Final = Paste(
    text="x\t1\ny\t2\n",
    kept="<table><tbody><tr><td>x</td><td>1</td></tr><tr><td>y</td><td>2</td></tr></tbody></table>",
)

PASTES: Final = {
    "Google Docs": GOOGLE_DOCS,
    "Word": WORD,
    "Word in the browser": WORD_ONLINE,
    "LibreOffice": LIBREOFFICE,
    "Excel": EXCEL,
    "Google Sheets": SHEETS,
    "VS Code": VS_CODE,
    "PyCharm": PYCHARM,
    "a page of GitHub": GITHUB_PAGE,
    "code of GitHub": GITHUB_CODE,
    "an assistant": ASSISTANT,
    "a web page": WEB_PAGE,
    "two links": LINKS,
    "Markdown": MARKDOWN,
    "plain text": PLAIN_TEXT,
    "plain code": PLAIN_CODE,
    "plain cells": PLAIN_CELLS,
}
