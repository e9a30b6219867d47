// A report of sales, as orders.report_sales answers it: the figures, and a chart with the table beside it.
host.open((result) => {
    const answer = result.structuredContent;
    if (result.isError || !answer) return draw(el('p', { class: 'trouble' }, trouble(result)));
    const groups = answer.groups ?? [];
    const figures = Object.entries(answer.figures ?? {});
    draw(
        el('p', { class: 'lead' }, answer.text),
        el('dl', {}, figures.map(([name, value]) => [el('dt', {}, words(name)), el('dd', { class: 'figure' }, String(value))])),
        groups.length > 1 && chart(groups, answer.text),
        groups.length > 0 &&
            table(`${groups.length} of ${answer.total_count ?? groups.length}`, [
                ['', (group) => group.label],
                ['Orders', (group) => group.orders, true],
                ['Units', (group) => group.units, true],
                ['Revenue', (group) => group.revenue, true],
                ['Before', (group) => group.before, true],
                ['Change', (group) => group.change, true],
            ], groups),
        answer.interpretation?.reading && el('small', {}, answer.interpretation.reading),
    );
});

/// How long a bar is. The figure itself is the text, as the shop wrote it; digits of amounts are grouped by commas.
const size = (amount) => Number(String(amount ?? '0').replace(/[^\d.-]/g, '')) || 0;

/// Bars of revenue, with a mark where the period before stood. Days stand side by side, other groups under one another.
function chart(groups, text) {
    const days = groups.every((group) => group.from);
    const values = groups.flatMap((group) => [size(group.revenue), size(group.before)]);
    const high = Math.max(...values, 1);
    const low = Math.min(...values, 0);
    const length = days ? 120 : 300;
    const labels = days ? 0 : 180;
    const at = (value) => ((value - low) / (high - low)) * length;
    const step = days ? Math.min(48, 600 / groups.length) : 22;
    const [width, height] = days ? [step * groups.length, length] : [labels + length, step * groups.length];
    const bar = (group, index) => {
        const [from, to] = [at(Math.min(0, size(group.revenue))), at(Math.max(0, size(group.revenue)))];
        const told = el('title', {}, `${group.label}: ${group.revenue}` + (group.before ? `, before ${group.before}` : ''));
        const place = index * step + 2;
        const thick = Math.max(step - 4, 1);
        const mark = group.before && at(size(group.before));
        const short = group.label.length > 26 ? `${group.label.slice(0, 25)}…` : group.label;
        return [
            !days && el('text', { x: 0, y: place + 13 }, short),
            days
                ? el('rect', { x: place, y: length - to, width: thick, height: Math.max(to - from, 1), class: 'bar' }, told)
                : el('rect', { x: labels + from, y: place, width: Math.max(to - from, 1), height: thick, class: 'bar' }, told),
            mark !== undefined &&
                (days
                    ? el('line', { x1: place, x2: place + thick, y1: length - mark, y2: length - mark, class: 'before' })
                    : el('line', { x1: labels + mark, x2: labels + mark, y1: place, y2: place + thick, class: 'before' })),
        ];
    };
    const drawing = { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-labelledby': 'what', class: days ? 'days' : 'rows' };
    return el('figure', {},
        el('svg', drawing, el('title', { id: 'what' }, 'Revenue'), el('desc', {}, text), groups.flatMap(bar).filter(Boolean)),
        el('figcaption', {}, groups.some((group) => group.before) ? 'Revenue; the line shows the period before.' : 'Revenue.'));
}
