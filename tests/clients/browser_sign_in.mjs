// Signing in to the pages in a real Chromium: browser_sign_in.mjs URL KEY CHROMIUM. The shop has order 1001.

import { readFileSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const [shop, key, executablePath] = process.argv.slice(2);
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** How soon an open page must learn that its session is over, in milliseconds. */
const OVER_MS = 8000;
const failures = [];
const check = (holds, what, seen) => { if (!holds) failures.push(`${what}; seen: ${JSON.stringify(seen)}`); };

// A page of another site with a link to ours, and one that sends a form.
const elsewhere = http.createServer((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(`<a href="${shop}/orders/1001">an order</a><form method="post" action="${shop}/sign-out"><button>out</button></form>`);
});
await new Promise((listening) => elsewhere.listen(0, 'localhost', listening));

const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
const context = await browser.newContext({ baseURL: shop });
context.setDefaultTimeout(8_000);
const complaints = [];
const tab = async () => {
    const page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (line) => { if (line.type() === 'error' && !/Failed to load resource|net::ERR/.test(line.text())) complaints.push(line.text()); });
    return page;
};
const accessible = async (page, where) => {
    await page.evaluate(AXE);
    const found = await page.evaluate(() => globalThis.axe.run());
    check(found.violations.length === 0, `axe-core on ${where}`, found.violations.map((one) => [one.id, one.nodes[0]?.html]));
};

try {
    const page = await tab();
    await page.goto('/orders?view=unpaid');
    check(new URL(page.url()).pathname === '/sign-in', 'not led to the sign-in page', page.url());
    await accessible(page, 'the sign-in page');
    await page.getByLabel('Key').fill('olk_wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('no key of Orderlog').waitFor();
    await page.getByLabel('Key').fill(key);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL('**/orders?view=unpaid');
    await page.getByText('Signed in as').click();
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
    await accessible(page, 'a page of somebody who is signed in');
    const [session] = (await context.cookies()).filter((cookie) => cookie.name === 'orderlog_session');
    check(session?.httpOnly && session.sameSite === 'Lax' && !session.value.includes(key.slice(-43)), 'the cookie', session);
    check(!(await page.evaluate(() => document.cookie)).includes('session'), 'a script reads the session');

    // A link from another site leads in; a form from there does nothing.
    const other = await tab();
    await other.goto(`http://localhost:${elsewhere.address().port}/`);
    await other.getByRole('link', { name: 'an order' }).click();
    await other.waitForURL('**/orders/1001');
    const foreign = await tab();
    await foreign.goto(`http://localhost:${elsewhere.address().port}/`);
    const [answer] = await Promise.all([foreign.waitForResponse('**/sign-out'), foreign.getByRole('button', { name: 'out' }).click()]);
    check([303, 403].includes(answer.status()), 'a form of another site was taken', answer.status());
    await foreign.goto('/orders');
    check(new URL(foreign.url()).pathname === '/orders', 'a form of another site signed somebody out', foreign.url());
    await foreign.close();

    // Signing out in one tab leads the other one to the sign-in page.
    await other.waitForFunction(() => document.getElementById('live').hasAttribute('data-listens'));
    await page.reload();
    await page.getByText('Signed in as').click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL('**/sign-in');
    const began = Date.now();
    await other.waitForURL('**/sign-in?back=%2Forders%2F1001', { timeout: OVER_MS });
    console.log(`led away after ${Date.now() - began} ms`);
    check(complaints.length === 0, 'the browser complains', complaints);
} catch (error) {
    failures.push(error.message.split('\n').slice(0, 4).join(' | '));
}
await browser.close();
elsewhere.close();
if (failures.length > 0) {
    console.error(failures.join('\n'));
    process.exitCode = 1;
}
