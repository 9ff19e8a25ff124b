/** A table of houses and their prices, drawn by a known rule: what a first model of a table, and its explanation, are tried on. */
import { ValueError } from '../array/errors.ts';
import type { Generator } from '../array/random.ts';
import type { Table } from './csv.ts';

/** Price of a square metre, in thousands. */
const districts = { centre: 4.2, harbour: 3.4, hills: 2.8, outskirts: 2 } as const;

/**
 * n houses with their price in thousands: area · (price of a m² in the district) + 40 for a garden − 0.8 a year of age
 * + noise, normal with σ = 15. Rooms go along with the area and do not count by themselves. One garden in twenty is not known.
 * ```ts
 * import { Generator } from 'adjoint';
 * import { drawHouses } from 'adjoint/data';
 * const { columns } = drawHouses(200, new Generator(1));
 * console.log(Object.keys(columns).join(' ')); // => area rooms age district garden price
 * ```
 * @throws ValueError when n is not a whole number from 0
 */
export function drawHouses(n: number, random: Generator): Table {
  if (!Number.isSafeInteger(n) || n < 0) throw new ValueError('drawHouses', 'n must be a whole number from 0', `${n}`);
  const names = Object.keys(districts) as (keyof typeof districts)[];
  const houses = Array.from({ length: n }, () => {
    const area = random.integer(40, 181); // m²
    const rooms = Math.max(1, Math.round(area / 28 + 0.7 * random.normal()));
    const age = random.integer(0, 101); // years
    const district = names[random.integer(0, names.length)];
    const garden = random.uniform() < 0.4;
    const price = area * districts[district] + (garden ? 40 : 0) - 0.8 * age + 15 * random.normal();
    const said = random.uniform() < 0.05 ? null : garden ? 'yes' : 'no';
    return { area, rooms, age, district, garden: said, price: Math.round(10 * price) / 10 };
  });
  const numbers = (name: 'area' | 'rooms' | 'age' | 'price') =>
    ({ kind: 'number', values: Float64Array.from(houses, (house) => house[name]) }) as const;
  const texts = (name: 'district' | 'garden') =>
    ({ kind: 'text', values: houses.map((house) => house[name]) }) as const;
  const columns = {
    area: numbers('area'),
    rooms: numbers('rooms'),
    age: numbers('age'),
    district: texts('district'),
    garden: texts('garden'),
    price: numbers('price'),
  };
  return { length: n, columns };
}
