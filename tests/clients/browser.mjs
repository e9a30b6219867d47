// The pages in a real Chromium: browser.mjs URL-OF-MCP CHROMIUM [FOLDER-FOR-SCREENSHOTS]. The shop has orders 1001 to 1004,
// PEN with 100 in stock, and a customer with a hostile name. Says in how many milliseconds a change showed.

import { readFileSync } from 'node:fs';
import net from 'node:net';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { callerOf } from './tool_calls.mjs';

const [mcpUrl, executablePath, pictures] = process.argv.slice(2);
const mcp = callerOf(mcpUrl);
const upstream = new URL(mcpUrl);
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** How soon a change by anybody must show, and how soon after a cut, in milliseconds. */
const LIVE_MS = 1000, RESUMED_MS = 4000;
/** Longest that one flow may take, and what each navigation adds: what never ends is told, by name. */
const FLOW_MS = 120_000, NAVIGATION_MS = 1000;
const NAVIGATIONS = Number(process.env.ORDERLOG_TEST_NAVIGATIONS || 60), TABS = 3, LISTENING = 5, CONNECTIONS = 8;
const PAGES = ['/', '/orders', '/orders/new', '/orders/1001', '/orders/1001/print', '/products', '/products/PEN', '/customers', '/reports',
    '/explain?date=today', '/activity', '/notifications', '/status', '/connect', '/ask', '/ask?q=show+me+pending+orders', '/orders/1002?as_of=@9'];
const failures = [];
const check = (holds, what, seen) => { if (!holds) failures.push(`${what}${seen === undefined ? '' : `; seen: ${JSON.stringify(seen)}`}`); };

// What stands between browser and server, so that connections can be cut and counted.
const sockets = new Set(), heard = { live: 0 };
const proxy = net.createServer((near) => {
    const far = net.connect(upstream.port, upstream.hostname);
    const pair = { near, far };
    sockets.add(pair);
    const end = () => { sockets.delete(pair); near.destroy(); far.destroy(); };
    for (const socket of [near, far]) socket.on('error', end).on('close', end);
    near.on('data', (bytes) => { if (bytes.includes('GET /live')) heard.live += 1; });
    near.pipe(far).pipe(near);
});
await new Promise((listening) => proxy.listen(0, '127.0.0.1', listening));
const shop = `http://127.0.0.1:${proxy.address().port}`;
const cut = () => { for (const { near, far } of sockets) { near.destroy(); far.destroy(); } };

const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
const context = await browser.newContext({ baseURL: shop });
context.setDefaultTimeout(8_000);
const page = await context.newPage();
const complaints = [];
const listen = (tab) => tab.on('console', (line) => { if (line.type() === 'error' && !/Failed to load resource|net::ERR/.test(line.text())) complaints.push(line.text()); })
    .on('pageerror', (error) => complaints.push(String(error))).on('dialog', (dialog) => { complaints.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
listen(page);
const yes = (tab) => tab.locator('button.yes').click();
const says = async (tab, text) => check((await tab.locator('body').innerText()).includes(text), `the page ${new URL(tab.url()).pathname} lacks "${text}"`, await tab.locator('main').innerText());
/** Runs one flow; what breaks it off is told with its name. */
const flow = async (name, run, limit = FLOW_MS) => {
    const began = Date.now();
    let timer;
    const endless = new Promise((_, tell) => { timer = setTimeout(() => tell(new Error(`no end within ${limit} ms`)), limit); });
    try { await Promise.race([run(), endless]); } catch (error) { failures.push(`${name}: ${error.message.split('\n').slice(0, 4).join(' | ')}`); }
    clearTimeout(timer);
    console.log(`${name}: ${Date.now() - began} ms`);
};

await flow('place an order', async () => {
    await page.goto('/orders');
    await page.getByRole('link', { name: 'Place an order' }).click();
    await page.locator('main').getByLabel('Customer').fill('asha@example.com');
    await page.locator('main').getByLabel('Product 1').fill('PEN');
    await page.getByLabel('Units').first().fill('3');
    await page.getByRole('button', { name: /What would it come to/ }).click();
    await says(page, 'would be placed');
    await yes(page);
    await page.waitForURL('**/orders/1005');
    await says(page, 'Order #1005 is placed');
});

await flow('ship', async () => {
    await page.goto('/orders/1005');
    await page.locator('#act-ship > summary').click();
    await page.getByLabel(/Units of Fountain pen/).first().fill('1');
    await page.locator('#act-ship').getByLabel('Tracking number').fill('T-100');
    await page.getByRole('button', { name: 'Ship …' }).click();
    await says(page, '1 unit of Fountain pen leaves the stock.');
    await yes(page);
    await page.waitForURL('**/orders/1005');
    await says(page, 'partially shipped');
    await says(page, 'T-100');
});

await flow('refund with preview', async () => {
    await mcp('orders_record_payment', { order_id: 1005, method: 'upi' });
    await page.goto('/orders/1005');
    await page.locator('#act-refund > summary').click();
    await page.locator('#act-refund').getByLabel('What for').selectOption('goodwill');
    await page.locator('#act-refund').getByLabel(/^Amount/).fill('10.00');
    await page.getByRole('button', { name: 'Pay back …' }).click();
    await page.locator('.changes').getByText('Paid back').waitFor();
    check((await mcp('orders_get', { order_id: 1005, detail: 'full' })).order.refunded.minor === 0, 'a preview paid money back');
    await yes(page);
    await page.waitForURL('**/orders/1005');
    check((await mcp('orders_get', { order_id: 1005, detail: 'full' })).order.refunded.minor === 1000, 'the refund was not made');
});

await flow('undo', async () => {
    await page.goto('/orders/1002');
    await page.locator('#act-hold > summary').click();
    await page.getByRole('button', { name: 'Hold back …' }).click();
    await yes(page);
    await page.locator('.said').getByRole('button', { name: 'Undo this' }).click();
    await yes(page);
    await page.waitForURL('**/orders/1002');
    check((await mcp('orders_get', { order_id: 1002, detail: 'full' })).order.on_hold === false, 'the hold was not taken back');
});

await flow('tell somebody', async () => {
    await page.goto('/notifications');
    await page.waitForFunction(() => document.getElementById('live').hasAttribute('data-listens'));
    await page.locator('#act-orders > summary').click();
    const field = page.locator('#act-orders').getByLabel(/^Orders, by number/);
    await field.fill('1002');
    await mcp('notifications_subscribe', { target: 'desk', when: ['refund'] });
    await page.locator('main').getByText('of a refund for an order').waitFor();
    check(await field.inputValue() === '1002', 'a new rule took what was typed', await field.inputValue());
    await page.locator('#act-orders').getByRole('button', { name: 'Tell them …' }).click();
    await says(page, 'desk would be told when order #1002 is shipped in full, once');
    await yes(page);
    await page.waitForURL('**/notifications');
    await says(page, 'desk is told when order #1002 is shipped in full, once');
});

await flow('live', async () => {
    await page.goto('/orders/1003');
    const connected = await page.waitForFunction(() => document.getElementById('live').hasAttribute('data-listens'));
    check(connected, 'no connection');
    await page.locator('#act-ship > summary').click();
    const field = page.locator('#act-ship').getByLabel('Tracking number');
    await field.pressSequentially('HALF TY');
    const began = Date.now();
    await mcp('orders_record_payment', { order_id: 1003, method: 'card' });
    await page.locator('main').getByText('paid by card').first().waitFor();
    const took = Date.now() - began;
    console.log(`shown after ${took} ms`);
    check(took <= LIVE_MS, 'a change by an assistant showed too late', took);
    check(await field.inputValue() === 'HALF TY', 'what was typed is gone', await field.inputValue());
    check(await field.evaluate((element) => element === document.activeElement), 'the focus is gone');
    check(await page.locator('.fresh').count() > 0, 'what changed is not marked');
    await field.pressSequentially('PED');
    check(await field.inputValue() === 'HALF TYPED', 'typing went astray', await field.inputValue());

    cut();
    await mcp('orders_update_status', { order_id: 1003, status: 'confirmed' });
    const again = Date.now();
    await page.locator('main .status', { hasText: 'confirmed' }).first().waitFor();
    console.log(`shown ${Date.now() - again} ms after a cut`);
    check(Date.now() - again <= RESUMED_MS, 'what happened during a cut showed too late', Date.now() - again);
    check(await field.inputValue() === 'HALF TYPED', 'a cut cost what was typed', await field.inputValue());
});

await flow('an act that became impossible keeps what was typed', async () => {
    const act = page.locator('#act-ship'), field = act.getByLabel('Tracking number');
    const loads = [];
    // Whatever the cut before left to be heard is heard by then.
    await mcp('orders_update_status', { order_id: 1003, status: 'processing' });
    await page.locator('main .status', { hasText: 'processing' }).first().waitFor();
    page.on('request', (request) => { if (request.resourceType() === 'fetch' && /orders\/1003$/.test(request.url())) loads.push(request.url()); });
    // Another order's events are none of this page's business.
    for (const on of [true, false]) await mcp('orders_set_hold', { order_id: 1001, on });
    await mcp('orders_ship', { order_id: 1003 });
    await act.locator('.trouble').waitFor();
    check(loads.length === 1, 'the page was asked again for what does not concern it', loads.length);
    await says(page, 'This can no longer be done. ');
    check(/shipped/i.test(await act.locator('.trouble').innerText()), 'nobody says why', await act.locator('.trouble').innerText());
    check(await field.inputValue() === 'HALF TYPED', 'what was typed is gone with its form', await field.inputValue());
    check(await field.evaluate((element) => element === document.activeElement), 'the focus is gone with the form');
    check(await act.getByRole('button').isDisabled(), 'what can no longer be done can be sent');
    await mcp('orders_update_status', { order_id: 1003, status: 'delivered' });
    await page.locator('main .status', { hasText: 'delivered' }).first().waitFor();
    check(await act.locator('.trouble').count() === 1 && await field.inputValue() === 'HALF TYPED', 'the next change took the text, or told it twice');
    check(await page.locator('#act-payment').count() + await page.locator('#act-refund').count() > 0, 'what can be done is not offered');
});

await flow('two tabs on one order', async () => {
    const other = await context.newPage();
    listen(other);
    for (const tab of [page, other]) {
        await tab.goto('/orders/1004');
        await tab.locator('#act-cancel > summary').click();
        await tab.locator('#act-cancel').getByLabel('Reason').fill('typed & kept');
        await tab.getByRole('button', { name: 'Cancel …' }).click();
        await tab.locator('.changes').waitFor();
    }
    await mcp('orders_record_payment', { order_id: 1004, method: 'upi' });
    await yes(page);
    await says(page, 'changed');
    check(await page.locator('#act-cancel').getByLabel('Reason').inputValue() === 'typed & kept', 'the warned lost what was typed');
    check((await mcp('orders_get', { order_id: 1004, detail: 'full' })).order.status === 'pending', 'one overwrote the other');
    await other.close();
});

await flow('many at once, one refused', async () => {
    await mcp('orders_set_hold', { order_id: 1002, on: true });
    await page.goto('/orders');
    for (const order of [1001, 1002]) await page.getByLabel(`Choose order #${order}`).check();
    await page.getByLabel('Make those chosen').selectOption('shipped');
    await page.getByRole('button', { name: 'Look first …' }).click();
    await says(page, 'would change');
    await yes(page);
    await says(page, '✓ changed');
    await says(page, 'on hold');
    await page.getByRole('button', { name: 'Try those that did not change again …' }).waitFor();
});

await flow('the list follows its search, and its address too', async () => {
    await page.goto('/orders');
    await page.waitForFunction(() => document.getElementById('live').hasAttribute('data-listens'));
    const field = page.locator('main').getByRole('textbox', { name: 'Search' });
    const others = page.locator('main td', { hasText: 'Asha Rao' });
    check(await others.count() > 0, 'the list has nothing to leave out');
    await field.pressSequentially('alert', { delay: 30 });
    await page.waitForFunction(() => new URLSearchParams(location.search).get('text') === 'alert');
    await page.waitForFunction(() => ![...document.querySelectorAll('main td')].some((cell) => cell.textContent === 'Asha Rao'));
    check(await page.locator('main tbody tr').count() > 0, 'nothing was found');
    check(await field.evaluate((element) => element === document.activeElement && element.value === 'alert'), 'the search lost its text or focus');
    check(await page.locator('.fresh').count() === 0, 'what was searched is marked as news');
    // A renewal keeps to the search.
    const renewed = page.waitForRequest((request) => /\/orders\?.*text=alert/.test(request.url()));
    await page.locator('main tbody').getByText('on hold').first().waitFor();
    await mcp('orders_set_hold', { order_id: 1002, on: false });
    await renewed;
    await page.waitForFunction(() => !document.querySelector('main tbody').textContent.includes('on hold'));
    check(await others.count() === 0, 'a renewal forgot the search');
    await mcp('orders_set_hold', { order_id: 1002, on: true });
    await page.goto('/orders');
    await page.getByLabel('Choose all orders of this page').check();
    const boxes = await page.locator('input[name=order]').count();
    check(boxes > 1 && await page.locator('input[name=order]:checked').count() === boxes, 'not all of the page are chosen', boxes);
});

await flow('what connects an assistant is copied', async () => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: shop });
    await page.goto('/connect');
    await page.locator('section', { hasText: 'Claude Code' }).getByRole('button', { name: 'Copy' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    check(copied === `claude mcp add --transport http orderlog ${shop}/mcp`, 'something else was copied', copied);
});

await flow('keys and the palette', async () => {
    await page.goto('/');
    await page.keyboard.press('Control+k');
    await page.keyboard.type('PEN');
    await page.locator('#found a', { hasText: 'Fountain pen' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/products/PEN');
    for (const [keys, address] of [['go', '/orders'], ['gp', '/products'], ['gr', '/reports'], ['gm', '/notifications']]) {
        for (const key of keys) await page.keyboard.press(key);
        await page.waitForURL(`**${address}`);
    }
    await page.keyboard.press('?');
    await page.locator('#keys[open]').waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+k');
    await page.keyboard.type('hold order 1001');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/ask?**');
    await page.goto('/ask?q=release+order+1002+and+show+order+1001');
    await says(page, 'This would be done');
    await page.getByRole('button', { name: 'Yes, do it' }).click();
    await page.locator('.answered').first().waitFor();
    check((await mcp('orders_get', { order_id: 1002, detail: 'full' })).order.on_hold === false, 'a sentence was not carried out');
});

await flow('without a script', async () => {
    const plain = await browser.newContext({ baseURL: shop, javaScriptEnabled: false });
    const tab = await plain.newPage();
    await tab.goto('/orders/1002');
    await tab.locator('#act-payment > summary').click();
    await tab.getByLabel('How it was paid').fill('cash');
    await tab.getByRole('button', { name: 'Record …' }).click();
    await yes(tab);
    check((await tab.locator('.said').innerText()).includes('1002'), 'not said without a script');
    for (const path of ['/orders', '/connect']) {
        await tab.goto(path);
        check(await tab.locator('.scripted').count() > 0 && await tab.locator('.scripted:visible').count() === 0, `${path} shows what needs a script`);
    }
    await plain.close();
});

await flow('a page listens once, on a slow network too', async () => {
    for (const late of [0, 300]) {
        const slow = await browser.newContext({ baseURL: shop });
        await slow.route('**/htmx-*', async (route) => { await new Promise((waited) => setTimeout(waited, late)); await route.continue(); });
        const tab = listen(await slow.newPage());
        let streams = 0;
        tab.on('request', (request) => { if (/\/live\?/.test(request.url())) streams += 1; });
        await tab.goto('/orders');
        await tab.waitForFunction(() => document.getElementById('live').hasAttribute('data-listens'), undefined, { timeout: 4000 });
        check(streams === 1, `a page listens more than once where its script comes after ${late} ms`, streams);
        await slow.close();
    }
});

await flow('no connection is left behind', async () => {
    const tabs = [page];
    while (tabs.length < TABS) tabs.push(listen(await context.newPage()));
    const connected = (tab) => tab.waitForFunction(() => document.getElementById('live')?.hasAttribute('data-listens'), undefined, { polling: 20 });
    await Promise.all(tabs.map(async (tab) => {
        for (let turn = 0; turn < NAVIGATIONS / TABS; turn += 1) {
            await tab.goto(turn % 2 ? '/orders/1001' : '/orders', { waitUntil: 'commit' });
            // Now and then a page stays until it listens, so that there is a connection to leave behind.
            if (turn % LISTENING === 0) await connected(tab);
        }
    }));
    // Chromium forgets that a tab is to close when it is told so while a page has just come: such a tab is waited for without end.
    await Promise.all(tabs.slice(1).map(async (tab) => {
        await tab.waitForLoadState();
        await tab.close();
    }));
    await page.goto('/orders/1001');
    await page.bringToFront();
    await connected(page);
    console.log(`${sockets.size} connections are left after ${NAVIGATIONS} pages, of which ${heard.live} listened`);
    check(sockets.size <= CONNECTIONS, `connections are left after ${NAVIGATIONS} pages`, sockets.size);
    check(heard.live >= NAVIGATIONS / LISTENING, 'too few pages listened for this to say anything', heard.live);
}, FLOW_MS + NAVIGATIONS * NAVIGATION_MS);

await flow('accessible in light and dark, and no wider than a phone', async () => {
    const left = [...PAGES];
    const look = async (tab) => {
        for (let path = left.shift(); path; path = left.shift()) {
            const picture = async (kind) => { if (pictures) await tab.screenshot({ path: `${pictures}/${kind}${path.replace(/[^a-z0-9]+/gi, '-')}.png`, fullPage: true }); };
            await tab.setViewportSize({ width: 390, height: 800 });
            await tab.goto(path);
            const wide = await tab.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
            check(wide <= 0, `${path} is wider than a phone`, wide);
            await picture('phone');
            await tab.setViewportSize({ width: 1280, height: 720 });
            await tab.locator('details').evaluateAll((all) => all.forEach((one) => { one.open = true; }));
            await tab.evaluate(AXE);
            for (const colorScheme of ['light', 'dark']) {
                await tab.emulateMedia({ colorScheme });
                const { violations } = await tab.evaluate(() => axe.run(document, { resultTypes: ['violations'] }));
                const told = violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 2).map((node) => node.html.slice(0, 160)).join(' and ')}`);
                check(told.length === 0, `axe on ${path} in ${colorScheme}`, told);
                await picture(colorScheme);
            }
        }
    };
    const other = await context.newPage();
    listen(other);
    await Promise.all([look(page), look(other)]);
});

check(complaints.length === 0, 'the browser complains', complaints.slice(0, 5));
await browser.close();
proxy.close();
cut();
if (failures.length) {
    console.error(failures.join('\n'));
    process.exit(1);
}
