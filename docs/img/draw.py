#!/usr/bin/env python3
"""Draws the pictures of the course, each in English and in Chinese.

    python3 docs/img/draw.py            writes docs/img/NAME.en.svg and NAME.zh.svg
    python3 docs/img/draw.py --check    fails where a file is not what this program draws

A label is one text for both languages, or a pair (English, Chinese): so the two pictures cannot
drift apart. A picture is 480 units wide and its letters are 15 high: readable on a phone. It has a
ground of its own, so it is readable on any page, and follows the colour scheme of the page that
shows it. The server is blue and the client green in all of them.
"""

import html
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
WIDTH = 480
CHINESE = re.compile("[\u4e00-\u9fff]")
STYLE = """
text{font:15px system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;fill:#1d2733}
text.code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace,"PingFang SC","Noto Sans CJK SC"}
text.head{font-weight:600}text{stroke:none!important}text.dim{fill:#566273}text.bad{fill:#b4231f}
text.server{fill:#1858a8}text.client{fill:#126141}text.data{fill:#7a4f00}
.shape{fill:none;stroke:#566273;stroke-width:1.5}.ground{fill:#fbfcfe;stroke:#d3dae4}
.dash{stroke-dasharray:5 4}.soft{fill:#eef1f5;stroke:#c3ccd8}
.server{fill:#e1edfb;stroke:#1f66c1}.client{fill:#dcf2e6;stroke:#18794e}
.data{fill:#fff0cc;stroke:#b7791f}.bad{fill:#fde4e2;stroke:#c5352f}
line.server,path.server,line.client,path.client,line.data,path.data,line.bad,path.bad{fill:none}
marker path{fill:context-stroke;stroke:none}
@media(prefers-color-scheme:dark){
text{fill:#e6edf3}text.dim{fill:#a3afbc}text.bad{fill:#ff9a93}
text.server{fill:#8cc2ff}text.client{fill:#74dba8}text.data{fill:#f0c35a}
.shape{stroke:#a3afbc}.ground{fill:#151b23;stroke:#363e49}.soft{fill:#222a34;stroke:#48525f}
.server{fill:#16304f;stroke:#6fb1ff}.client{fill:#133727;stroke:#5fd39a}
.data{fill:#453510;stroke:#e3b341}.bad{fill:#471f1e;stroke:#ff8f87}}
"""


class Picture:
    def __init__(self, name, height, title):
        self.name, self.height, self.title, self.parts = name, height, title, []

    def add(self, draw):
        self.parts.append(draw)

    def text(self, x, y, label, kind="", anchor="middle"):
        """One line of text; `kind` may be head, dim, bad, code, server, client, data."""
        place = f'x="{x}" y="{y}"' + ("" if anchor == "start" else f' text-anchor="{anchor}"')
        kind = f' class="{kind}"' if kind else ""
        self.add(lambda n: f"<text{kind} {place}>{html.escape(said(label, n), quote=False)}</text>")

    def left(self, x, y, label, kind=""):
        self.text(x, y, label, kind, "start")

    def right(self, x, y, label, kind=""):
        self.text(x, y, label, kind, "end")

    def box(self, x, y, w, h, kind="soft", label=None, text=""):
        self.add(lambda n: f'<rect class="shape {kind}" x="{x}" y="{y}" width="{w}" height="{h}" rx="5"/>')
        if label:
            self.text(x + w / 2, y + h / 2 + 5, label, text)

    def cells(self, x, y, values, kind, w=30, h=30):
        for at, value in enumerate(values):
            self.box(x + at * w, y, w, h, kind, value or None, "code")

    def line(self, x1, y1, x2, y2, kind=""):
        self.add(lambda n: f'<line class="shape {kind}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>')

    def arrow(self, x1, y1, x2, y2, kind="", label=None, text="code"):
        """An arrow; its label stands over its middle, the higher the steeper the arrow."""
        self.add(lambda n: f'<line class="shape {kind}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" '
                           'marker-end="url(#tip)"/>')
        if label:
            self.text((x1 + x2) / 2, (y1 + y2) / 2 - 7 - abs(y2 - y1) / 5, label, text)

    def bracket(self, x1, x2, y, depth, kind=""):
        """A bracket that embraces x1 to x2; depth below 0 opens it downwards."""
        self.add(lambda n: f'<path class="shape {kind}" d="M{x1} {y}v{depth}H{x2}v{-depth}"/>')

    def cross(self, x, y):
        self.add(lambda n: f'<path class="shape bad" stroke-width="3" d="M{x-7} {y-7}l14 14m0 -14l-14 14"/>')

    def svg(self, n):
        """The picture in language n: 0 is English, 1 Chinese."""
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height}" '
            f'width="{WIDTH * 7 // 6}" height="{self.height * 7 // 6}" role="img" lang="{("en", "zh-CN")[n]}">',
            f"<title>{html.escape(said(self.title, n))}</title>",
            f"<style>{STYLE}</style>",
            '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" '
            'markerHeight="7" orient="auto-start-reverse"><path d="M0 0L10 5L0 10z"/></marker></defs>',
            f'<rect class="ground" x=".5" y=".5" width="{WIDTH - 1}" height="{self.height - 1}" rx="8"/>',
            *(part(n) for part in self.parts),
            "</svg>\n",
        ])


def said(label, n):
    """The label in language n. Only the second of a pair is Chinese, and it has to be."""
    both = [label, "字"] if isinstance(label, str) else label
    if CHINESE.search(both[0]) or not CHINESE.search(both[1]):
        sys.exit(f"not a pair (English, Chinese): {label}")
    return label if isinstance(label, str) else label[n]


SERVER = ("server", "服务端")
CLIENT = ("client", "客户端")
KERNEL = ("kernel", "内核")


def conversation():
    p = Picture("conversation", 398, ("A server and a client talk", "服务端与客户端的一次对话"))
    s, c = 165, 335
    p.line(s, 44, s, 386, "dash"), p.line(c, 44, c, 306, "dash")
    p.box(s - 55, 14, 110, 30, "server", SERVER, "head")
    p.box(c - 55, 14, 110, 30, "client", CLIENT, "head")
    p.right(s - 12, 72, "bind, listen", "code")
    p.box(10, 86, 460, 268, "")
    p.left(20, 107, ("each connection", "连接循环"), "dim")
    p.right(s - 12, 140, "accept", "code"), p.left(c + 12, 140, "connect", "code")
    p.arrow(c, 135, s + 2, 135, "client", ("handshake", "三次握手"), "dim")
    p.box(22, 158, 436, 114, "")
    p.left(32, 179, ("each message", "通信循环"), "dim")
    p.right(s - 12, 210, "recv", "code"), p.left(c + 12, 210, "send", "code")
    p.arrow(c, 205, s + 2, 205, "client", 'b"hello"')
    p.right(s - 12, 254, "send", "code"), p.left(c + 12, 254, "recv", "code")
    p.arrow(s, 249, c - 2, 249, "server", 'b"HELLO"')
    p.right(s - 12, 307, "recv", "code"), p.left(c + 12, 307, "close", "code")
    p.arrow(c, 302, s + 2, 302, "client", 'b""')
    p.right(s - 12, 338, "close", "code")
    p.left(s + 14, 338, ("back to accept", "回到 accept"), "dim")
    p.right(s - 12, 379, "accept", "code"), p.left(s + 14, 379, ("waits for the next client", "等下一个客户端"), "dim")
    return p


def queues():
    p = Picture("queues", 420, ("The two queues of listen", "listen 的两个队列"))
    x = 130
    p.box(80, 12, 100, 30, "client", CLIENT, "head")
    p.box(10, 76, 460, 258, "")
    p.right(458, 97, KERNEL, "dim")
    p.arrow(x, 42, x, 108, "client"), p.left(x + 12, 64, "SYN", "code")
    p.left(20, 103, ("SYN queue", "半连接队列"), "head")
    p.cells(20, 112, ["", "", "", "", "", ""], "data", 36)
    p.left(252, 124, ("half-open: waits for", "半连接：等三次握手"), "dim")
    p.left(252, 143, ("the ACK of the client", "的最后一个 ACK"), "dim")
    p.arrow(x, 142, x, 214, "client")
    p.left(x + 12, 170, ("the third segment: ACK", "第三个报文段：ACK"), "")
    p.left(20, 209, ("accept queue", "全连接队列"), "head")
    p.cells(20, 218, ["", "", "", "", "", ""], "server", 36)
    p.left(252, 230, ("complete: waits for", "连接已建立："), "dim")
    p.left(252, 249, ("accept; listen(5): 6", "等 accept；listen(5)：6 个"), "dim")
    p.left(x + 16, 288, ("Full: the kernel drops the segment,", "队列满了：内核丢弃报文段，"), "bad")
    p.left(x + 16, 309, ("and the client sends it again.", "由客户端重发。"), "bad")
    p.arrow(x, 248, x, 376, "server")
    p.left(x + 12, 361, "accept()", "code")
    p.box(60, 378, 140, 30, "server", ("your program", "你的程序"), "head")
    return p


def handshake():
    p = Picture("handshake", 640, ("Three segments open a connection, four close it", "三次握手，四次挥手"))
    a, b = 150, 330

    def heads(y, one, other):
        p.box(a - 80, y, 160, 30, "client", one, "head"), p.box(b - 80, y, 160, 30, "server", other, "head")

    def state(y, one=None, other=None, kind=""):
        if one:
            p.right(a - 12, y, one, kind)
        if other:
            p.left(b + 12, y, other, kind)

    p.line(a, 44, a, 212, "dash"), p.line(b, 44, b, 212, "dash")
    heads(14, CLIENT, SERVER)
    state(76, "connect", "LISTEN", "code")
    p.arrow(a, 82, b - 2, 98, "client", "SYN")
    state(100, "SYN_SENT", None, "code"), state(114, None, "SYN_RCVD", "code")
    p.arrow(b, 118, a + 2, 134, "server", "SYN, ACK")
    state(150, "ESTABLISHED", None, "code")
    p.arrow(a, 154, b - 2, 170, "client", "ACK")
    state(184, None, "ESTABLISHED", "code")
    state(206, None, "accept", "code")

    y = 232
    p.line(a, y + 30, a, 560, "dash"), p.line(b, y + 30, b, 500, "dash")
    heads(y, ("closes first", "先关闭的一方"), ("closes second", "后关闭的一方"))
    state(y + 58, "close", "ESTABLISHED", "code")
    p.arrow(a, y + 64, b - 2, y + 80, "client", "FIN")
    state(y + 82, "FIN_WAIT_1", None, "code"), state(y + 98, None, "CLOSE_WAIT", "code")
    state(y + 118, None, ('recv gives b""', 'recv 得到 b""'))
    p.arrow(b, y + 102, a + 2, y + 118, "server", "ACK")
    state(y + 134, "FIN_WAIT_2", None, "code")
    state(y + 166, None, "close", "code")
    p.arrow(b, y + 172, a + 2, y + 188, "server", "FIN")
    state(y + 190, None, "LAST_ACK", "code"), state(y + 204, "TIME_WAIT", None, "code data")
    p.arrow(a, y + 210, b - 2, y + 226, "client", "ACK")
    state(y + 240, None, "CLOSED", "code")
    p.box(a - 5, y + 204, 10, 150, "data")
    p.left(a + 18, y + 288, ("2MSL: 60 seconds on Linux.", "2MSL：Linux 上是 60 秒。"), "data")
    p.left(a + 18, y + 309, ("The address and the port", "在此期间，"), "data")
    p.left(a + 18, y + 330, ("are still in use.", "地址和端口仍被占用。"), "data")
    p.line(a, y + 354, a, y + 374, "dash")
    state(y + 376, "CLOSED", None, "code")
    return p


def two_pipes():
    p = Picture("two-pipes", 300, ("Two pipes, and both sides wait", "两个管道，双方互相等待"))
    p.box(14, 46, 120, 190, "server"), p.text(74, 36, SERVER, "head")
    p.box(346, 46, 120, 190, "client"), p.text(406, 36, ("command", "命令"), "head")
    p.text(74, 84, ("reads stdout", "先读 stdout，"))
    p.text(74, 105, ("to its end", "读到末尾为止"))
    p.text(74, 196, ("then reads", "再读"), "dim")
    p.text(74, 217, "stderr", "dim code")
    p.text(406, 176, ("writes errors", "往 stderr"))
    p.text(406, 197, ("to stderr", "写错误信息"))
    p.text(406, 84, ("writes nothing", "还没往 stdout"), "dim")
    p.text(406, 105, ("to stdout yet", "写东西"), "dim")
    p.text(240, 68, ("stdout: empty", "stdout：空的"))
    p.cells(150, 76, ["", "", "", "", "", ""], "", 30)
    p.arrow(344, 91, 332, 91), p.arrow(150, 91, 136, 91)
    p.text(240, 166, ("stderr: 65536 bytes, full", "stderr：65536 字节，满了"))
    p.cells(150, 174, ["", "", "", "", "", ""], "bad", 30)
    p.arrow(344, 189, 332, 189, "bad")
    p.text(74, 128, ("waits", "阻塞"), "bad head"), p.text(406, 220, ("waits", "阻塞"), "bad head")
    p.text(240, 264, ("The server waits for the end of stdout,", "服务端等 stdout 结束，"), "bad")
    p.text(240, 285, ("the command waits for a reader of stderr.", "命令等有人读 stderr。"), "bad")
    return p


def recv_buffer():
    p = Picture("recv-buffer", 330, ("The receive buffer keeps bytes, not messages", "接收缓冲区里只有字节，没有消息"))
    x, w = 90, 30
    p.text(x + 75, 28, 'send(b"hello")', "code client"), p.text(x + 235, 28, 'send(b"world")', "code client")
    p.bracket(x + 2, x + 148, 50, -14, "client"), p.bracket(x + 152, x + 298, 50, -14, "client")
    p.cells(x, 56, list("hello"), "data"), p.cells(x + 150, 56, list("world"), "data")
    p.text(240, 110, ("receive buffer: what has arrived and was not read", "接收缓冲区：已到达、还没被读走的字节"), "dim")
    p.line(20, 128, 460, 128, "dash")
    p.left(20, 154, ("One large recv takes both:", "一次大的 recv 把两条都取走："))
    p.bracket(x + 2, x + 298, 168, 12, "server")
    p.text(x + 150, 202, 'recv(1024)  →  b"helloworld"', "code server")
    p.line(20, 220, 460, 220, "dash")
    p.left(20, 246, ("Small recvs cut where they like:", "小的 recv 在哪里切开，与消息无关："))
    p.bracket(x + 2, x + 208, 260, 12, "server"), p.bracket(x + 212, x + 298, 260, 12, "server")
    p.text(x + 95, 294, 'recv(7) → b"hellowo"', "code server")
    p.text(x + 283, 294, 'recv(7) → b"rld"', "code server")
    p.text(240, 318, ("No mark in the buffer says where a send ended.", "缓冲区里没有任何记号说明一次 send 到哪里为止。"), "dim")
    return p


def nagle():
    p = Picture("nagle", 440, ("Nagle's algorithm waits for a delayed ACK", "Nagle 算法遇上延迟确认"))
    a, b = 165, 365
    p.line(a, 44, a, 372, "dash"), p.line(b, 44, b, 372, "dash")
    p.box(a - 60, 14, 120, 30, "server", ("sender", "发送方"), "head")
    p.box(b - 60, 14, 120, 30, "client", ("receiver", "接收方"), "head")
    p.left(12, 76, "0 ms", "code dim")
    p.right(a - 14, 76, ("length", "长度"), "head")
    p.arrow(a, 72, b - 2, 92, "server", ("4 bytes", "4 字节"), "")
    p.right(a - 14, 108, ("header", "报头"), "head"), p.right(a - 14, 132, ("body", "正文"), "head")
    p.box(a - 5, 98, 10, 190, "data")
    p.left(a + 14, 126, ("Nagle: small, and an", "Nagle：数据小，而且"), "data")
    p.left(a + 14, 147, ("ACK is missing: wait", "ACK 没到：等"), "data")
    p.box(b - 5, 98, 10, 156, "data")
    p.right(b - 14, 196, ("delayed ACK: wait", "延迟确认：等一等，"), "data")
    p.right(b - 14, 217, ("for data to go with it", "看有没有数据可捎带"), "data")
    p.left(12, 258, "40 ms", "code dim")
    p.arrow(b, 258, a + 2, 284, "client", "ACK")
    p.arrow(a, 304, b - 2, 324, "server", ("header and body", "报头和正文"), "")
    p.left(12, 308, ("then all the rest", "然后一起发出"), "dim")
    p.left(12, 358, ("44 ms a reply", "每条响应 44 ms"), "bad")
    p.line(20, 384, 460, 384, "dash")
    p.text(240, 407, ("One write for all three, or TCP_NODELAY:", "三样一次写出，或者 TCP_NODELAY："), "client")
    p.text(240, 428, ("nothing waits, under 3 ms.", "谁也不等，不到 3 ms。"), "client")
    return p


def split_length():
    p = Picture("split-length", 372, ("A length in digits has no end", "用十进制数字写的长度没有结束标记"))
    p.left(20, 32, ("The digits come in two pieces", "长度分两次到达（拆包）"), "head")
    p.left(20, 66, ("sent", "发送")), p.cells(120, 46, list("3893"), "data")
    p.left(250, 66, ("means 3893", "意思是 3893"), "dim")
    p.left(20, 110, ("received", "收到")), p.cells(120, 90, list("38"), "data"), p.cells(200, 90, list("93"), "data")
    p.bracket(122, 178, 128, 10, "server"), p.bracket(202, 258, 128, 10, "server")
    p.text(150, 156, "recv", "code server"), p.text(230, 156, "recv", "code server")
    p.left(280, 110, ("length: 38. Wrong.", "长度：38。错了。"), "bad")
    p.line(20, 176, 460, 176, "dash")
    p.left(20, 204, ("The body sticks to the digits", "正文粘在长度后面（粘包）"), "head")
    p.left(20, 238, ("sent", "发送")), p.cells(120, 218, list("3893"), "data"), p.cells(260, 218, ["1", "\\n", "2", "\\n"], "client")
    p.left(20, 282, ("received", "收到")), p.cells(120, 262, list("3893"), "data"), p.cells(240, 262, ["1", "\\n", "2", "\\n"], "client")
    p.bracket(122, 358, 300, 10, "server"), p.text(240, 328, "recv", "code server")
    p.left(376, 282, ("or 38931?", "还是 38931？"), "bad")
    p.left(20, 356, ("Four fixed bytes, or a line end, mark the end.", "固定四个字节，或者一个换行符，才有结束标记。"), "dim")
    return p


def header_frame():
    p = Picture("header-frame", 372, ("A reply: four bytes, header, body", "一条响应：四个字节、报头、正文"))
    y = 40
    p.text(86, 26, ("header length", "报头长度"), "head"), p.cells(26, y, ["40", "00", "00", "00"], "server", 30, 44)
    p.text(236, 26, ("header", "报头"), "head"), p.box(146, y, 180, 44, "data", "{ … }", "code")
    p.text(390, 26, ("body", "正文"), "head"), p.box(326, y, 128, 44, "client", "hello\\n", "code")
    p.bracket(28, 144, 92, 10, "server"), p.bracket(148, 324, 92, 10, "data"), p.bracket(328, 452, 92, 10, "client")
    p.text(86, 122, ("4 bytes", "4 字节"), "server"), p.text(236, 122, ("64 bytes", "64 字节"), "data")
    p.text(390, 122, ("6 bytes", "6 字节"), "client")
    steps = [
        ("server", ("read 4 bytes", "读 4 字节"), "40 00 00 00", "struct 'i': 64"),
        ("data", ("read 64 bytes", "读 64 字节"), '{"filename": "a.txt",', '"total_size": 6, …}'),
        ("client", ("read 6 bytes", "读 6 字节"), 'b"hello\\n"', ("the whole body", "整个正文")),
    ]
    for at, (kind, task, one, other) in enumerate(steps):
        top = 146 + at * 74
        p.box(26, top, 150, 56, kind, task, "head")
        p.left(192, top + 24, one, "code"), p.left(192, top + 45, other, "code" if isinstance(other, str) else "")
        if at < 2:
            p.arrow(100, top + 57, 100, top + 72)
    return p


def udp_connected():
    p = Picture("udp-connected", 470, ("A UDP socket, connected and not", "UDP 套接字：没有 connect 与 connect 之后"))

    def panel(y, head, server, stranger, closed):
        p.left(20, y, head, "head")
        p.box(20, y + 14, 130, 150, "client"), p.text(85, y + 84, ("client's", "客户端的"))
        p.text(85, y + 105, ("UDP socket", "UDP 套接字"))
        p.box(330, y + 14, 130, 36, "server", SERVER, "")
        p.box(330, y + 71, 130, 36, "bad", ("stranger", "陌生人"), "")
        p.box(330, y + 128, 130, 36, "soft dash", ("port closed", "端口没有程序"), "")
        for at, (ok, label) in enumerate([server, stranger, closed]):
            row = y + 38 + at * 57
            if ok:
                p.arrow(328, row, 153, row, ["client", "bad", "data"][at], label, "")
            else:
                p.line(328, row, 250, row, "bad"), p.cross(240, row), p.text(240, row - 14, label)

    panel(30, ("Not connected", "没有 connect"), (True, ("reply taken", "收下响应")),
          (True, ("also taken", "也收下")), (False, ("ICMP ignored", "ICMP 被忽略")))
    p.text(240, 220, ("Port closed: recvfrom waits for ever.", "端口上没有程序：recvfrom 永远阻塞。"), "bad")
    p.line(20, 238, 460, 238, "dash")
    panel(268, ("After connect(server)", "connect(服务端) 之后"), (True, ("reply taken", "收下响应")),
          (False, ("dropped", "被内核丢弃")), (True, ("ICMP: refused", "ICMP：拒绝")))
    p.text(240, 458, ("Port closed: recv raises ECONNREFUSED.", "端口上没有程序：recv 报 ECONNREFUSED。"), "client")
    return p


def threads():
    p = Picture("threads", 362, ("One thread, and a thread for each connection", "一个线程，与每条连接一个线程"))
    p.left(20, 32, ("One thread", "一个线程"), "head"), p.right(460, 32, ("time →", "时间 →"), "dim")
    p.left(20, 66, ("main", "主线程"))
    p.box(110, 46, 170, 30, "server", ("serves A", "服务 A"), ""), p.box(284, 46, 170, 30, "client", ("serves B", "服务 B"), "")
    p.left(20, 110, ("client B", "客户端 B"))
    p.box(150, 90, 130, 30, "bad dash", ("waits", "等待"), ""), p.box(284, 90, 170, 30, "client", ("is served", "得到服务"), "")
    p.left(20, 144, ("B waits until A leaves.", "A 离开之前，B 一直等。"), "bad")
    p.line(20, 164, 460, 164, "dash")
    p.left(20, 194, ("A thread for each connection", "每条连接一个线程"), "head")
    p.left(20, 228, ("main", "主线程"))
    p.box(110, 208, 36, 30, "soft", "A", ""), p.box(150, 208, 36, 30, "soft", "B", "")
    p.left(200, 228, ("accept, and at once accept again", "accept 之后马上再 accept"), "dim")
    p.arrow(128, 239, 128, 256), p.arrow(168, 239, 168, 300)
    p.left(20, 278, ("thread 1", "线程 1"))
    p.box(114, 258, 170, 30, "server", ("serves A", "服务 A"), "")
    p.left(20, 322, ("thread 2", "线程 2")), p.box(154, 302, 170, 30, "client", ("serves B", "服务 B"), "")
    p.left(20, 352, ("Both are served at the same time.", "两个客户端同时得到服务。"), "client")
    return p


def syn_flood():
    p = Picture("syn-flood", 452, ("SYN flood, and SYN cookies", "SYN 洪水与 SYN Cookies"))
    p.left(20, 32, ("Without SYN cookies", "没有 SYN Cookies"), "head")
    p.box(20, 48, 130, 60, "bad"), p.text(85, 74, ("attacker:", "攻击者："), ""), p.text(85, 95, ("false addresses", "伪造源地址"), "")
    p.arrow(150, 66, 226, 66, "bad", "SYN"), p.arrow(150, 94, 226, 94, "bad", "SYN")
    p.cells(230, 62, ["", "", "", "", "", "", ""], "bad", 32, 36)
    p.text(342, 54, ("SYN queue: full", "半连接队列：满了"), "bad")
    p.text(342, 119, ("SYN+ACK to addresses", "SYN+ACK 发往"), "dim")
    p.text(342, 140, ("that never answer", "不会响应的地址"), "dim")
    p.box(20, 160, 130, 36, "client", ("honest client", "正常的客户端"), "")
    p.arrow(150, 178, 214, 178, "client", "SYN"), p.cross(228, 178)
    p.left(246, 183, ("no room: dropped", "没有空位：丢弃"), "bad")
    p.line(20, 216, 460, 216, "dash")
    p.left(20, 246, ("With SYN cookies", "有 SYN Cookies"), "head")
    a, b = 130, 350
    p.box(a - 80, 262, 160, 30, "client", ("honest client", "正常的客户端"), "head"), p.box(b - 80, 262, 160, 30, "server", KERNEL, "head")
    p.line(a, 292, a, 412, "dash"), p.line(b, 292, b, 412, "dash")
    p.arrow(a, 318, b - 2, 326, "client", "SYN")
    p.left(b + 12, 342, ("keeps nothing", "什么也不存"), "server")
    p.arrow(b, 350, a + 2, 358, "server", ("SYN+ACK, with the cookie", "SYN+ACK，带上 cookie"), "")
    p.arrow(a, 384, b - 2, 392, "client", "ACK: cookie + 1", "")
    p.left(b + 12, 398, ("connected", "连接建立"), "client")
    p.text(240, 438, ("Only an address that answers gets a connection.", "能响应的地址才得到连接。"), "client")
    return p


PICTURES = [conversation, queues, handshake, two_pipes, recv_buffer, nagle, split_length,
            header_frame, udp_connected, threads, syn_flood]


def main():
    check, stale = sys.argv[1:] == ["--check"], []
    for draw in PICTURES:
        picture = draw()
        for n, language in enumerate(["en", "zh"]):
            path = HERE / f"{picture.name}.{language}.svg"
            text = picture.svg(n)
            if not check:
                path.write_text(text)
            elif not path.exists() or path.read_text() != text:
                stale.append(path.name)
    for name in stale:
        print(f"{name} is not what docs/img/draw.py draws; run python3 docs/img/draw.py")
    sys.exit(bool(stale))


if __name__ == "__main__":
    main()
