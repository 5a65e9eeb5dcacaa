// What Markdown cannot say, done to a page when it is there: pairs of listings side by side, terminals,
// boxes, and two books in one. Without it a page is one column, and all of its text is there.
(() => {
    'use strict';
    const zh = document.documentElement.lang === 'zh-CN';
    const say = (english, chinese) => (zh ? chinese : english);
    const main = document.querySelector('main');
    const all = (selector, top = main) => [...top.querySelectorAll(selector)];

    function make(tag, properties, ...children) {
        const element = Object.assign(document.createElement(tag), properties);
        element.append(...children);
        return element;
    }

    function languageOf(pre) {
        return pre?.matches('pre') ? pre.querySelector('code')?.className.match(/language-(\w+)/)?.[1] : undefined;
    }

    // The comments `<!-- KIND: VALUE -->` of a page, each with the element that follows it.
    function comments(kind) {
        const walker = document.createTreeWalker(main, NodeFilter.SHOW_COMMENT);
        const found = [];
        while (walker.nextNode()) {
            const [, name, value] = walker.currentNode.data.match(/^\s*(\w+): (.*?)\s*$/s) ?? [];
            if (name === kind) found.push([value, walker.currentNode.nextElementSibling]);
        }
        return found;
    }

    // A line end between two Chinese characters is no space; nor is one beside Chinese punctuation.
    function joinLines() {
        const walker = document.createTreeWalker(main, NodeFilter.SHOW_TEXT);
        const texts = [];
        while (walker.nextNode()) {
            if (!walker.currentNode.parentElement.closest('pre')) texts.push(walker.currentNode);
        }
        const wide = /[\u2e80-\u9fff\uff00-\uffef“”‘’—…]/;
        const mark = /[\u3000-\u303f\uff00-\uffef“”—…]/;
        texts.forEach((text, at) => {
            text.data = text.data.replace(/\n/g, (end, place) => {
                const before = text.data[place - 1] ?? texts[at - 1]?.data.at(-1) ?? '';
                const after = text.data[place + 1] ?? texts[at + 1]?.data[0] ?? '';
                const joined = wide.test(before) && wide.test(after) || mark.test(before) || mark.test(after);
                return joined ? '' : end;
            });
        });
    }

    // The link to the same section of the other language: headings are the same ones in the same order.
    function switchLanguage() {
        const headings = all('h1, h2, h3, h4');
        const asked = location.hash.match(/^#~(\d+)$/);
        const there = asked && headings[asked[1]];
        if (there) location.replace(`#${there.id}`);
        const page = location.pathname.match(/\/(?:en|zh)\/([^/]+)$/)?.[1];
        const folder = `${path_to_root}${zh ? 'en' : 'zh'}/`;
        const twin = page && document.querySelector(`.sidebar-scrollbox a[href="${folder}${page}"]`);
        const link = make('a', { className: 'language', textContent: say('中文', 'English') });
        link.href = folder + (twin ? page : 'start.html');
        link.lang = link.hreflang = zh ? 'en' : 'zh-CN';
        link.addEventListener('click', () => {
            const top = document.getElementById('mdbook-menu-bar').getBoundingClientRect().bottom + 24;
            const read = headings.findLastIndex((heading) => heading.getBoundingClientRect().top < top);
            if (twin && read > 0) link.href = `${folder}${page}#~${read}`;
        });
        document.querySelector('.right-buttons').prepend(link);
    }

    // Previous and next stay within the language of the page, and are named.
    function nextPages() {
        const other = zh ? '/en/' : '/zh/';
        const pages = all('a[href]', document.querySelector('.sidebar-scrollbox'))
            .filter((link) => !link.pathname.includes(other) && !link.getAttribute('href').startsWith('#'));
        const here = pages.findIndex((link) => link.classList.contains('active'));
        const bar = document.querySelector('.nav-wrapper');
        const wide = document.querySelector('.nav-wide-wrapper');
        bar.replaceChildren();
        wide.replaceChildren();
        const add = (page, kind, sign) => {
            if (!page || here < 0 || zh && !page.pathname.includes('/zh/')) return;
            const link = make('a', { href: page.href, rel: kind, className: `mobile-nav-chapters ${kind}` });
            link.textContent = sign(page.textContent.trim());
            // The arrow keys of mdBook look for these.
            wide.append(make('a', { href: page.href, className: `nav-chapters ${kind}` }));
            bar.append(link);
        };
        add(pages[here - 1], 'previous', (title) => `‹ ${title}`);
        add(pages[here + 1], 'next', (title) => `${title} ›`);
    }

    // A paragraph that is one file name in code is the caption of the listing below.
    function caption(pre) {
        const above = pre.previousElementSibling;
        const name = above?.matches('p') && above.childNodes.length === 1 && above.firstElementChild;
        if (!name || !name.matches('code') || !/\.\w+$/.test(name.textContent)) return undefined;
        above.remove();
        return name.textContent;
    }

    function frame(pre, name) {
        const language = languageOf(pre);
        const figure = make('figure', { className: `of-${language}` });
        pre.before(figure);
        const title = make('figcaption', {}, make('b', {}, { python: 'Python', rust: 'Rust' }[language] ?? ''), make('span', {}, name ?? ''));
        figure.append(title, pre);
        fold(pre.querySelector('code'), title);
        return figure;
    }

    // A listing begins at the code: an excerpt is not indented, and the comment at the head of a file is folded.
    function fold(code, title) {
        const indents = code.textContent.split('\n').filter((line) => line.trim()).map((line) => line.search(/\S/));
        code.style.marginInlineStart = `-${Math.min(...indents)}ch`;
        const intro = make('span', { className: 'intro', hidden: true });
        while (/^(\s*|\s*""".*"""|\s*\/\/!.*)$/s.test(code.firstChild?.textContent ?? 'x')) intro.append(code.firstChild);
        if (!intro.textContent.trim()) { code.prepend(...intro.childNodes); return; }
        code.prepend(intro);
        const button = make('button', { type: 'button', textContent: say('show comment', '显示注释') });
        button.addEventListener('click', () => {
            intro.hidden = !intro.hidden;
            button.textContent = intro.hidden ? say('show comment', '显示注释') : say('hide comment', '隐藏注释');
        });
        title.append(button);
    }

    // A Python listing and its Rust twin stand side by side and scroll sideways together.
    function pairs() {
        for (const python of all(':scope > pre').filter((pre) => languageOf(pre) === 'python')) {
            const names = [caption(python)];
            const between = [];
            let rust = python.nextElementSibling;
            while (rust?.matches('p') && between.length < 2 && rust.textContent.length < 140) {
                between.push(rust);
                rust = rust.nextElementSibling;
            }
            if (languageOf(rust) !== 'rust') {
                if (names[0]) frame(python, names[0]);
                continue;
            }
            names.push(caption(rust));
            const pair = make('div', { className: 'pair' });
            python.before(pair);
            // A sentence that only announces the Rust listing ("In Rust:") has nothing left to say.
            for (const text of between.filter((text) => text.isConnected)) {
                if (/^.{0,24}[:：]$/.test(text.textContent)) text.remove();
                else pair.before(text);
            }
            pair.append(frame(python, names[0]), frame(rust, names[1]));
            let moved;
            for (const [own, other] of [[python, rust], [rust, python]]) {
                const code = own.querySelector('code');
                for (const event of ['pointerenter', 'focusin']) own.addEventListener(event, () => { moved = own; });
                code.addEventListener('scroll', () => {
                    if (moved === own) other.querySelector('code').scrollLeft = code.scrollLeft;
                }, { passive: true });
            }
        }
        for (const pre of all(':scope > pre')) {
            const name = caption(pre);
            if (name) frame(pre, name);
        }
    }

    // A row of a line table marks its lines in both listings; a click or Enter goes there.
    function lineTables(listings) {
        const marks = [];
        for (const [files, wrapper] of comments('lines')) {
            for (const row of all('tbody tr', wrapper)) {
                const lines = files.split(' ').flatMap((file, column) =>
                    all('code', row.cells[column]).flatMap((code) => linesWith(code.textContent, file)));
                if (!lines.length) continue;
                const show = () => {
                    for (const mark of marks.splice(0)) mark.remove();
                    for (const on of all('tr.on')) on.classList.remove('on');
                    row.classList.add('on');
                    for (const [pre, line] of lines) {
                        const mark = make('span', { className: 'line-mark' });
                        const intro = pre.querySelector('.intro[hidden]')?.textContent ?? '';
                        mark.style.setProperty('--line', line - intro.split('\n').length + 1);
                        pre.prepend(mark);
                        marks.push(mark);
                    }
                };
                const go = () => marks[0]?.scrollIntoView({ block: 'center' });
                row.classList.add('jump');
                row.tabIndex = 0;
                row.title = say('Marks its lines above; a click goes there', '标出对应的行，点击就跳到那里');
                row.addEventListener('pointerenter', show);
                row.addEventListener('focus', show);
                row.addEventListener('click', (event) => { if (!event.target.closest('a')) go(); });
                row.addEventListener('keydown', (event) => { if (event.key === 'Enter') go(); });
            }
        }
        function linesWith(text, file) {
            return listings.filter(([value]) => value.split(' ')[0] === file).flatMap(([, pre]) =>
                pre.querySelector('code').textContent.split('\n').flatMap((line, at) => (line.includes(text) ? [[pre, at]] : [])));
        }
    }

    // A console block is a terminal. Its first line names it: `server$ COMMAND`, or `(server)` where the
    // program goes on. Commands, keys and what is typed into a program are told from what is printed.
    function terminals() {
        const chinese = { server: '服务端', client: '客户端', first: '第一个客户端', second: '第二个客户端' };
        for (const pre of all('pre').filter((pre) => languageOf(pre) === 'console')) {
            const code = pre.querySelector('code');
            const lines = code.textContent.replace(/\n$/, '').split('\n');
            const [, first] = lines[0].match(/^\(?([a-z][a-z0-9]*)(?:\)$|\$ )/) ?? [];
            const name = first ?? '';
            if (lines[0] === `(${name})`) lines.shift();
            const commands = [];
            let piped = false;
            let command = false;
            const shown = lines.map((line) => {
                const [, prompt, text] = line.match(command ? /^((?:[a-z][a-z0-9]*)?\$ |>>: ?|> )(.*)$/
                    : /^((?:[a-z][a-z0-9]*)?\$ |>>: ?)(.*)$/) ?? [];
                command = Boolean(prompt) && !prompt.startsWith('>>');
                if (prompt?.includes('$')) piped = /[|<]/.test(text);
                if (command) commands.push(text);
                if (!prompt && /^\^[A-Z]$/.test(line)) return [make('span', { className: 'typed' }, line)];
                if (!prompt || !command && piped) return [line];
                return [make('span', { className: 'prompt' }, prompt), make('span', { className: 'typed' }, text)];
            });
            code.replaceChildren(...shown.flatMap((parts) => [...parts, '\n']));
            pre.classList.add('terminal');
            if (name) pre.classList.add(`at-${name}`);
            pre.querySelector('.buttons')?.remove();
            const bar = make('div', { className: 'bar' }, make('span', {}, say(name || 'terminal', chinese[name] ?? (name || '终端'))));
            if (commands.length) bar.append(copyButton(commands.join('\n')));
            pre.prepend(bar);
        }
    }

    function copyButton(text) {
        const button = make('button', { type: 'button', textContent: say('copy', '复制') });
        button.title = say('Copy what is typed', '复制输入的命令');
        button.dataset.clipboardText = text;
        new window.ClipboardJS(button).on('success', () => {
            button.textContent = say('copied', '已复制');
            setTimeout(() => { button.textContent = say('copy', '复制'); }, 1500);
        });
        return button;
    }

    function boxes() {
        const kinds = [[/^(Claim|The lesson says|课上说)/, 'claim'], [/^(In fact|其实)/, 'fact'],
            [/^(The lesson does not mention|课上没提)/, 'silent']];
        for (const paragraph of all('blockquote > p')) {
            const lead = paragraph.firstChild?.nodeName === 'STRONG' ? paragraph.firstChild.textContent : '';
            const kind = kinds.find(([pattern]) => pattern.test(lead));
            if (!kind) continue;
            paragraph.classList.add(kind[1]);
            paragraph.parentElement.classList.add('box');
        }
    }

    // A link to a source file shows the file here; a host of pages would have it downloaded.
    function files() {
        for (const link of all('a[href$=".rs"], a[href$=".py"]')) {
            link.addEventListener('click', async (event) => {
                if (event.ctrlKey || event.metaKey || event.shiftKey || location.protocol === 'file:') return;
                event.preventDefault();
                const answer = await fetch(link.href);
                if (!answer.ok) { location.href = link.href; return; }
                const code = make('code', { className: link.pathname.endsWith('.rs') ? 'language-rust' : 'language-python' });
                code.textContent = await answer.text();
                const close = make('button', { textContent: say('close', '关闭') });
                const dialog = make('dialog', {}, make('form', { method: 'dialog' }, link.pathname.split('/').pop(), close), make('pre', {}, code));
                dialog.addEventListener('close', () => dialog.remove());
                // mdBook's search takes the Escape key of the whole page.
                dialog.addEventListener('keydown', (key) => { if (key.key === 'Escape') dialog.close(); });
                dialog.addEventListener('click', (click) => { if (click.target === dialog) dialog.close(); });
                document.body.append(dialog);
                window.hljs.highlightBlock(code);
                dialog.showModal();
                focusable();
            });
        }
    }

    // mdBook's index knows words between spaces, and Chinese has none. So a search for Chinese, and any
    // search on a Chinese page, reads the whole text instead: that takes a few milliseconds. Results
    // in the language of the page come first.
    function search() {
        if (!window.elasticlunr) return;
        const box = document.getElementById('mdbook-searchbar');
        box.ariaLabel = box.placeholder = say('Search this book', '搜索本书');
        // Input methods and pasting change the word without a key.
        box.addEventListener('input', () => box.dispatchEvent(new Event('keyup')));
        const load = window.elasticlunr.Index.load.bind(window.elasticlunr.Index);
        window.elasticlunr.Index.load = (data) => {
            const index = load(data);
            const folders = zh ? ['zh', '', 'en'] : ['en', '', 'zh'];
            const rank = ({ ref }) => folders.indexOf(window.search.doc_urls[ref].match(/^(?:(en|zh)\/)?/)[1] ?? '');
            const ownFirst = (found) => found.sort((a, b) => rank(a) - rank(b));
            const byWords = index.search.bind(index);
            const han = /[\u3400-\u9fff]/;
            let texts;
            index.search = (term, options) => {
                if (!zh && !han.test(term)) return ownFirst(byWords(term, options));
                texts ??= Object.entries(index.documentStore.docs).map(([ref, doc]) => ({
                    ref, doc, text: `${doc.title} ${doc.body}`.replace(/\s*([\u2e80-\uffef])\s*/g, '$1'),
                }));
                const words = term.toLowerCase().split(/\s+/);
                const found = texts.filter(({ text }) => words.every((word) => text.toLowerCase().includes(word)));
                const inTitle = ({ doc }) => (words.every((word) => doc.title.toLowerCase().includes(word)) ? 1 : 0);
                found.sort((a, b) => inTitle(b) - inTitle(a));
                return ownFirst(found).map(({ ref, doc, text }) => ({ ref, doc: { ...doc, body: around(text, words[0]) } }));
            };
            return index;
        };
        // mdBook marks whole words, so the word gets spaces around it.
        function around(text, word) {
            const at = Math.max(text.toLowerCase().indexOf(word), 0);
            const end = at + word.length;
            return `${text.slice(Math.max(at - 40, 0), at)} ${text.slice(at, end)} ${text.slice(end, end + 60)}`;
        }
    }

    // mdBook's switch of the table of contents is a label: the keyboard does not reach it.
    function sidebarSwitch() {
        const label = document.getElementById('mdbook-sidebar-toggle');
        label.role = 'button';
        label.tabIndex = 0;
        label.addEventListener('keydown', (event) => event.key === 'Enter' && label.click());
    }

    // What scrolls sideways can be reached with the keyboard.
    function focusable() {
        for (const box of document.querySelectorAll('pre > code, .table-wrapper, main > p, dialog')) {
            if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
            else box.removeAttribute('tabindex');
        }
    }

    const listings = comments('listing');
    const themes = { light: say('Light', '浅色'), navy: say('Dark', '深色'), default_theme: say('Auto', '自动') };
    for (const button of document.querySelectorAll('button.theme')) {
        const name = themes[button.id.replace('mdbook-theme-', '')];
        if (name) button.textContent = name;
        else button.parentElement.remove();
    }
    joinLines();
    switchLanguage();
    nextPages();
    pairs();
    lineTables(listings);
    terminals();
    boxes();
    files();
    search();
    sidebarSwitch();
    if (/\/(start|index)\.html$|\/$/.test(location.pathname)) {
        for (const link of all('p > a:only-child')) {
            if (link.parentElement.textContent === link.textContent) link.classList.add('button');
        }
    }
    focusable();
    addEventListener('resize', focusable);
})();
