// Many tabs and windows of one browser in a real Chromium: browser_tabs.mjs URL-OF-MCP CHROMIUM. The shop has orders 1001 to 1004.

import { setTimeout as pause } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { callerOf } from './tool_calls.mjs';

const [mcpUrl, executablePath] = process.argv.slice(2);
const mcp = callerOf(mcpUrl);
const shop = new URL('/', mcpUrl).href;
/** Tabs of one window, windows beside each other, and the streams that the server lets one browser hold. */
const TABS = 10, WINDOWS = 8, MOST_STREAMS = 4;
/** How soon a page must answer, a tab that is shown again must show what happened, and a window that holds no stream, in milliseconds. */
const ANSWER_MS = 5000, SHOWN_MS = 1000, ASKED_MS = 3000;
/** How long to wait for what must come, and how often to look, in milliseconds. */
const PATIENCE_MS = 10_000, LOOK_MS = 20;
const failures = [];
const check = (holds, what, seen) => { if (!holds) failures.push(`${what}; seen: ${JSON.stringify(seen)}`); };

/** Looks until it holds, and answers after how many milliseconds. */
async function until(what, look) {
    const began = Date.now();
    let seen;
    do {
        seen = await look();
        if (seen === true) return Date.now() - began;
        await pause(LOOK_MS);
    } while (Date.now() - began < PATIENCE_MS);
    throw new Error(`${what}: never; seen: ${JSON.stringify(seen)}`);
}

/** Pages that hold a stream, as the server counts them. */
async function listening() {
    const figures = await (await fetch(new URL('metrics', shop))).text();
    return Number(/^orderlog_pages_listening (\S+)$/m.exec(figures)[1]);
}
const listens = (count) => until(`${count} pages listen`, async () => { const seen = await listening(); return seen === count || seen; });

// Tabs as people open them, in a context of their own. Playwright is kept away from them: it has every page believe that it is seen.
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
const devtools = await browser.newBrowserCDPSession();
const replies = new Map();
devtools.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id, result } = JSON.parse(message);
    if (replies.has(id)) replies.get(id)(result);
    replies.delete(id);
});
let calls = 0;

class Tab {
    static async open(context, path, how) {
        const { targetId } = await devtools.send('Target.createTarget', { url: 'about:blank', browserContextId: context, ...how });
        const { sessionId } = await devtools.send('Target.attachToTarget', { targetId, flatten: false });
        const tab = Object.assign(new Tab(), { targetId, sessionId });
        await tab.call('Page.navigate', { url: new URL(path, shop).href });
        return tab;
    }
    async call(method, params) {
        const id = calls += 1;
        const reply = new Promise((replied) => replies.set(id, replied));
        await devtools.send('Target.sendMessageToTarget', { sessionId: this.sessionId, message: JSON.stringify({ id, method, params }) });
        const late = new AbortController();
        const never = pause(PATIENCE_MS, undefined, { signal: late.signal }).then(() => { throw new Error(`${method}: a tab does not answer`); });
        never.catch(() => {});
        return Promise.race([reply, never]).finally(() => late.abort());
    }
    /** What an expression comes to in the page, or nothing while it goes from page to page. */
    async says(expression) { return (await this.call('Runtime.evaluate', { expression }))?.result?.value; }
    show() { return devtools.send('Target.activateTarget', { targetId: this.targetId }); }
    close() { return devtools.send('Target.closeTarget', { targetId: this.targetId }); }
    isSeen() { return this.says('document.visibilityState === "visible"'); }
    answers() { return until('a tab answers', () => this.says('document.readyState === "complete" && !!document.querySelector("#main h1")')); }
    shows(text) { return until(`a tab shows ${text}`, () => this.says(`document.querySelector("#main")?.innerText.includes(${JSON.stringify(text)})`)); }
}

try {
    // One window with many tabs, each opened in front of the one before, and the last half behind the others as a middle click does.
    let { browserContextId: context } = await devtools.send('Target.createBrowserContext');
    const tabs = [await Tab.open(context, '/orders/1001', { newWindow: true })];
    const slowest = async (tab) => { const took = await tab.answers(); check(took <= ANSWER_MS, 'a tab took long to answer', took); };
    await slowest(tabs[0]);
    while (tabs.length < TABS) {
        tabs.push(await Tab.open(context, `/orders/${1001 + tabs.length % 4}`, { background: tabs.length >= TABS / 2 }));
        await slowest(tabs.at(-1));
    }
    const seen = await Promise.all(tabs.map((tab) => tab.isSeen()));
    check(seen.filter(Boolean).length === 1, 'one tab of a window is seen', seen);
    await listens(1);

    // From tab to tab, faster than a stream opens: none is left listening behind.
    for (const tab of [...tabs, ...tabs]) await tab.show();
    for (const tab of tabs) await tab.show();
    await listens(1);
    check(await tabs.at(-1).isSeen() && await tabs.at(-1).says('document.querySelector("#live").hasAttribute("data-listens")'), 'the tab that is seen listens');

    // What happened meanwhile shows when a tab is shown again, and at once from then on.
    await mcp('orders_record_payment', { order_id: 1001, method: 'upi' });
    check(!(await tabs[0].says('document.querySelector("#main").innerText')).includes('paid by upi'), 'a tab that nobody sees was told');
    await tabs[0].show();
    const again = await tabs[0].shows('paid by upi');
    console.log(`a tab shown again shows what happened after ${again} ms`);
    check(again <= SHOWN_MS, 'a tab shown again is behind', again);
    await listens(1);
    for (const tab of tabs) await tab.close();
    await listens(0);
    await devtools.send('Target.disposeBrowserContext', { browserContextId: context });

    // Windows side by side: all are seen, and more of them than a browser opens connections.
    ({ browserContextId: context } = await devtools.send('Target.createBrowserContext'));
    const windows = [];
    while (windows.length < WINDOWS) {
        windows.push(await Tab.open(context, '/orders/1002', { newWindow: true }));
        await slowest(windows.at(-1));
    }
    const side = await Promise.all(windows.map((tab) => tab.isSeen()));
    check(side.every(Boolean), 'all windows are seen', side);
    await listens(MOST_STREAMS);
    await mcp('orders_record_payment', { order_id: 1002, method: 'card' });
    const told = await Promise.all(windows.map((tab) => tab.shows('paid by card')));
    console.log(`${WINDOWS} windows show a change after ${told} ms`);
    check(told.every((took) => took <= ASKED_MS), 'a window is behind', told);
    await listens(MOST_STREAMS);
    // A window that holds no stream gets one when another is closed.
    for (const tab of windows.splice(0, MOST_STREAMS)) await tab.close();
    await listens(Math.min(MOST_STREAMS, WINDOWS - MOST_STREAMS));
} catch (error) {
    failures.push(error.message.split('\n').slice(0, 4).join(' | '));
}
await browser.close();
if (failures.length > 0) {
    console.error(failures.join('\n'));
    process.exitCode = 1;
}
