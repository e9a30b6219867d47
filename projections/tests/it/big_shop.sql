-- A million orders over 9.4 million positions, open for two to eight days of a year, one in ten for up to a month; what
-- is open at the end stands in pending_orders, the rest in pending_past.
CREATE TABLE big AS
SELECT n, f, f + len AS u, 20000 + n / 2740 AS day FROM (
  SELECT n, n * 9 + n * 4 / 10 + 1 AS f,
    CASE WHEN n % 10 = 0 THEN 130000 + (CAST(n AS bigint) * 7919) % 650000 ELSE 50000 + (CAST(n AS bigint) * 7919) % 150000 END AS len
  FROM ({series}) AS s
) AS t;
INSERT INTO pending_past (level, from_position, until_position, order_id, customer_id, currency, placed_at, placed_on, story)
SELECT CASE WHEN u - f < 65536 THEN 15 WHEN u - f < 131072 THEN 16 WHEN u - f < 262144 THEN 17
    WHEN u - f < 524288 THEN 18 ELSE 19 END,
  f, u, 1001 + n, {id}, 'INR', CAST(day AS bigint) * 86400000 + n, '2025-1' || (n / 333334) || '-15',
  '{"v":[[' || f || ',0,0,1,3,383276,383276],[' || (f + 9) || ',0,2,0,3,383276,0],[' || (f + 900) || ',1,2,0,3,383276,0],['
    || (f + 20000) || ',2,2,0,3,383276,0],[' || (f + 30000) || ',3,2,0,1,383276,0]],"p":[[' || f
    || ',["5a4d0e5c-0000-5000-8000-000000000001","5a4d0e5c-0000-5000-8000-000000000002"]]]}'
FROM big WHERE u < 9400000;
INSERT INTO pending_orders (order_id, customer_id, currency, placed_at, placed_on, opened_position, status, payment_status,
  owes_goods, unconfirmed, unpaid, held_until, backordered, units_owed, total, due, products, since, story, the_order)
SELECT 1001 + n, {id}, 'INR', CAST(day AS bigint) * 86400000 + n, '2025-12-15', f, 'pending', 'paid', 1 = 1, 1 = 1, 1 = 0, 0, 1 = 0,
  3, 383276, 0, '5a4d0e5c-0000-5000-8000-000000000001 5a4d0e5c-0000-5000-8000-000000000002', f + 9,
  '{"v":[[' || f || ',0,0,1,3,383276,383276],[' || (f + 9) || ',0,2,0,3,383276,0]],"p":[[' || f
    || ',["5a4d0e5c-0000-5000-8000-000000000001","5a4d0e5c-0000-5000-8000-000000000002"]]]}',
  replace(CAST(100000000000000000 AS text), '0', '{"filler": "an order is a kilobyte or two of JSON, which no question about the past reads"}, ')
FROM big WHERE u >= 9400000;
UPDATE checkpoints SET position = 9400000 WHERE projection = 'pending_orders';
DROP TABLE big;
ANALYZE;
