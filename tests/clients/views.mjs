// The views inside a host: the official AppBridge and a real Chromium. views.mjs URL CHROMIUM ORDER SCREENSHOTS.
// ORDER is pending. Every view is shown the answer of its tool; from the list the order is confirmed by pressing buttons.

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { AppBridge } from '@modelcontextprotocol/ext-apps/app-bridge';
import { chromium } from 'playwright-core';

const [url, executablePath, orderText, pictures] = process.argv.slice(2);
const order_id = Number(orderText);
/// What the specification has hosts set where a view names no domain.
const POLICY = "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'none'";

function check(condition, what, seen) {
    if (!condition) {
        console.error(`${what}; seen: ${JSON.stringify(seen)}`);
        process.exit(1);
    }
}

const client = new Client({ name: 'orderlog-tests', version: '1' }, { versionNegotiation: { mode: 'auto' } });
await client.connect(new StreamableHTTPClientTransport(new URL(url)));
const { tools } = await client.listTools();
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });

/// Shows the answer of a tool in its view. `host` says what this host can do and looks like.
async function show(name, given, host = {}) {
    const tool = tools.find((tool) => tool.name === name);
    const uri = tool._meta?.ui?.resourceUri;
    check(uri?.startsWith('ui://'), `${name} must name its view`, tool._meta);
    const [content] = (await client.readResource({ uri })).contents;
    check(content.mimeType === 'text/html;profile=mcp-app', 'a view has its own kind', content.mimeType);
    check(content._meta?.ui?.csp, 'a view must name the domains that it reaches', content._meta);

    const page = await browser.newPage({ viewport: { width: 640, height: 900 }, colorScheme: host.theme ?? 'light' });
    const troubles = [];
    page.on('pageerror', (error) => troubles.push(String(error)));
    page.on('console', (line) => line.type() === 'error' && troubles.push(line.text()));
    page.on('request', (request) => /^https?:/.test(request.url()) && troubles.push(`reached ${request.url()}`));

    const transport = {
        start: async () => {},
        close: async () => {},
        send: (message) => page.evaluate((message) => document.querySelector('iframe').contentWindow.postMessage(message, '*'), message),
    };
    await page.exposeFunction('toHost', (message) => transport.onmessage?.(message));
    const can = host.reads ? {} : { serverTools: {}, updateModelContext: { text: {} } };
    const theme = host.theme ?? 'light';
    const context = { theme, toolInfo: { tool }, styles: { variables: host.variables ?? {} } };
    const bridge = new AppBridge(client, { name: 'tests', version: '1' }, can, { hostContext: context });
    const told = [];
    bridge.onupdatemodelcontext = async ({ content }) => {
        told.push(content[0].text);
        return {};
    };
    let height = 0;
    bridge.addEventListener('sizechange', (size) => (height = size.height ?? height));
    const ready = new Promise((done) => bridge.addEventListener('initialized', () => done()));
    await bridge.connect(transport);
    const html = content.text.replace('<head>', `<head><meta http-equiv="Content-Security-Policy" content="${POLICY}">`);
    await page.setContent('<iframe sandbox="allow-scripts" style="width:100%;height:880px;border:0"></iframe>');
    await page.evaluate((html) => {
        const frame = document.querySelector('iframe');
        addEventListener('message', (event) => event.source === frame.contentWindow && window.toHost(event.data));
        frame.srcdoc = html;
    }, html);
    await ready;
    await bridge.sendToolInput({ arguments: given });
    const result = await client.callTool({ name, arguments: given });
    await bridge.sendToolResult(result);
    const view = page.frameLocator('iframe');
    await view.locator('main > *').first().waitFor();
    const shown = async () => (await view.locator('main').innerText()).replace(/\s+/g, ' ');
    const end = async (picture) => {
        if (pictures) await page.screenshot({ path: `${pictures}/${picture}.png` });
        check(troubles.length === 0, `the view of ${name} must run without trouble`, troubles);
        check(!/\[object|undefined/.test(await shown()), `the view of ${name} must hold words only`, await shown());
        check(height > 0, `the view of ${name} must tell its height`, height);
        await page.close();
    };
    return { view, result, shown, told, end };
}

{
    const list = await show('orders_get_pending', { limit: 50 });
    const { orders, text } = list.result.structuredContent;
    check((await list.shown()).includes(text), 'the list must say its sentence', await list.shown());
    check((await list.view.locator('tbody tr').count()) === orders.length, 'every order has a row', orders.length);
    await list.view.getByRole('button', { name: `#${order_id}`, exact: true }).click();
    await list.view.getByRole('button', { name: 'Mark as confirmed' }).click();
    await list.view.getByText('would be confirmed').waitFor();
    const before = await client.callTool({ name: 'orders_get', arguments: { order_id } });
    check(before.structuredContent.order.status === 'pending', 'nothing happens before Yes', before.structuredContent.order.status);
    await list.view.getByRole('button', { name: 'Yes' }).click();
    await list.view.locator('.said').waitFor();
    const after = await client.callTool({ name: 'orders_get', arguments: { order_id } });
    check(after.structuredContent.order.status === 'confirmed', 'Yes confirms the order', after.structuredContent.order.status);
    check(list.told.length === 1 && list.told[0].includes(`#${order_id}`), 'the model must be told', list.told);
    await list.end('orders');
}
{
    // A host that lets nothing be called shows the list without buttons.
    const list = await show('orders_search', { limit: 3 }, { reads: true, theme: 'dark' });
    check((await list.view.getByRole('button').count()) === 0, 'nothing can be pressed here', await list.shown());
    await list.end('orders-dark');
}
{
    const one = await show('orders_get', { order_id }, { variables: { '--color-text-primary': 'rgb(1, 2, 3)' } });
    await one.view.getByText('Placed:').waitFor();
    check((await one.shown()).includes('Confirmed'), 'the timeline must tell of the confirmation', await one.shown());
    const color = await one.view.locator('.lead').evaluate((lead) => getComputedStyle(lead).color);
    check(color === 'rgb(1, 2, 3)', "the host's colours are worn", color);
    await one.end('order');
}
{
    const sales = await show('orders_report_sales', { date: 'last 14 days', group_by: ['day'], compare_to: 'previous period' });
    const { groups } = sales.result.structuredContent;
    check((await sales.view.locator('svg .bar').count()) === groups.length, 'every day has a bar', groups.length);
    check((await sales.view.locator('tbody tr').count()) === groups.length, 'every day has a row', groups.length);
    await sales.end('sales');
}
{
    const sales = await show('orders_report_sales', { date: 'last 30 days', group_by: ['product'] }, { theme: 'dark' });
    check((await sales.view.locator('svg .bar').count()) > 1, 'every product has a bar', await sales.shown());
    await sales.end('sales-dark');
}
{
    const briefing = await show('shop_briefing', {});
    check((await briefing.shown()).includes(briefing.result.structuredContent.text), 'the briefing must be told', await briefing.shown());
    await briefing.end('briefing');
}
{
    const missing = await show('orders_get', { order_id: 999_999 });
    check((await missing.shown()).includes('999999'), 'a view says why there is nothing to show', await missing.shown());
    await missing.end('missing');
}
await browser.close();
await client.close();
