/**
 * Modules and parameters in lists and dictionaries. Items are fields of their own, so that they have PyTorch's names. A plain
 * array or object as a field of a module does as well, and names its items in the same way.
 */
import { ShapeError, ValueError } from '../array/errors.ts';
import { Tensor } from '../tensor.ts';
import { isParameter, Module, parameter } from './module.ts';

/** A module from one tensor to one tensor. */
export type Layer = Module & { forward(x: Tensor): Tensor };

type Item = Module | Tensor;

/** The items among the fields, in order. */
const itemsOf = <T extends Item>(owner: Module): [name: string, item: T][] =>
  Object.entries(owner).filter(
    (field): field is [string, T] => field[1] instanceof Module || field[1] instanceof Tensor,
  );

/** Makes an item a field; refuses names that could not be told from the module's own, or from a path. */
function put(owner: Module, name: string, item: Item): void {
  const free = name in owner ? itemsOf(owner).some(([other]) => other === name) : name !== '' && !name.includes('.');
  if (free) return void Object.assign(owner, { [name]: item });
  const rule = 'a name must not be empty, hold a dot, or be that of a field or method';
  throw new ValueError(owner.constructor.name, rule, `'${name}'`);
}

function moduleIn<T extends Module>(where: string, item: T): T {
  if (item instanceof Module) return item;
  throw new ValueError(where, 'every item must be a Module', typeof item);
}

/** The tensor itself if it is a parameter, else one made of it. */
function parameterIn(where: string, item: Tensor): Tensor {
  if (item instanceof Tensor) return isParameter(item) ? item : parameter(item);
  throw new ValueError(where, 'every item must be a Tensor', typeof item);
}

/** What holds items; it computes nothing, unless it says how. */
abstract class Container<T extends Item> extends Module {
  override forward(..._inputs: never[]): unknown {
    throw new ValueError(
      this.constructor.name,
      'a container computes nothing',
      'a call',
      'call the items that it holds',
    );
  }
  /** What is kept of an item; refuses a wrong one. */
  protected abstract kept(item: T): T;
}

/** Items named '0', '1', …. */
abstract class List<T extends Item> extends Container<T> {
  [index: number]: T;

  /** How many items there are. */
  override get length(): number {
    return itemsOf(this).length;
  }
  /** The item at a place; −1 is the last. */
  at(place: number): T {
    const items = itemsOf<T>(this);
    const item = Number.isInteger(place) ? items.at(place) : undefined;
    if (item) return item[1];
    throw new ShapeError(this.constructor.name, `the place must be one of ${items.length} items`, `${place}`);
  }
  *[Symbol.iterator](): Generator<T, void> {
    for (const [, item] of itemsOf<T>(this)) yield item;
  }
  /** Adds one at the end. */
  append(item: T): this {
    put(this, `${this.length}`, this.kept(item));
    return this;
  }
  /** Adds several at the end. */
  extend(items: Iterable<T>): this {
    return [...items].reduce((list, item) => list.append(item), this);
  }
}

/** Items by name, in the order in which they came (but whole numbers first, as in every object). */
abstract class Dictionary<T extends Item> extends Container<T> {
  /** How many items there are. */
  get size(): number {
    return itemsOf(this).length;
  }
  has(name: string): boolean {
    return itemsOf(this).some(([other]) => other === name);
  }
  /** The item of a name. */
  get(name: string): T {
    const item = itemsOf<T>(this).find(([other]) => other === name);
    if (item) return item[1];
    throw new ValueError(this.constructor.name, `the name must be one of ${[...this.keys()].join(', ')}`, `'${name}'`);
  }
  /** Puts one in, in place of the one that has its name. */
  set(name: string, item: T): this {
    put(this, name, this.kept(item));
    return this;
  }
  /** Puts several in. */
  update(items: Readonly<Record<string, T>>): this {
    for (const [name, item] of Object.entries(items)) this.set(name, item);
    return this;
  }
  /** Takes one out; whether there was one. */
  delete(name: string): boolean {
    return this.has(name) && Reflect.deleteProperty(this, name);
  }
  keys(): string[] {
    return itemsOf(this).map(([name]) => name);
  }
  values(): T[] {
    return itemsOf<T>(this).map(([, item]) => item);
  }
  entries(): [name: string, item: T][] {
    return itemsOf<T>(this);
  }
  [Symbol.iterator](): Iterator<[name: string, item: T]> {
    return this.entries().values();
  }
}

/**
 * Modules one after another, named '0', '1', …, or by the keys of an object.
 * `new nn.Sequential(new nn.Linear(4, 2), new nn.ReLU())(zeros([1, 4])).shape // => [ 1, 2 ]`
 */
export class Sequential extends List<Layer> {
  constructor(...layers: Layer[] | [layers: Readonly<Record<string, Layer>>]) {
    super();
    const [first] = layers;
    const named = layers.length === 1 && typeof first === 'object' ? first : layers;
    for (const [name, layer] of Object.entries(named as Record<string, Layer>)) put(this, name, this.kept(layer));
  }
  override forward(x: Tensor): Tensor {
    let y = x;
    for (const layer of this) y = layer(y);
    return y;
  }
  protected override kept(item: Layer): Layer {
    return moduleIn('Sequential', item);
  }
}

/** A list of modules, named '0', '1', …. `new nn.ModuleList([new nn.ReLU(), new nn.Linear(2, 3)]).at(-1).parameterCount() // => 9` */
export class ModuleList<M extends Module = Layer> extends List<M> {
  constructor(modules: Iterable<M> = []) {
    super();
    this.extend(modules);
  }
  /** Puts one in before the item at a place. */
  insert(place: number, item: M): this {
    const all = [...this];
    if (!(Number.isInteger(place) && Math.abs(place) <= all.length)) {
      throw new ShapeError('ModuleList', `the place must be one of ${all.length} items, or behind them`, `${place}`);
    }
    all.splice(place, 0, this.kept(item));
    all.forEach((module, i) => put(this, `${i}`, module));
    return this;
  }
  protected override kept(item: M): M {
    return moduleIn('ModuleList', item);
  }
}

/** Modules by name. `new nn.ModuleDict({ head: new nn.Linear(2, 3) }).get('head').parameterCount() // => 9` */
export class ModuleDict<M extends Module = Layer> extends Dictionary<M> {
  constructor(modules: Readonly<Record<string, M>> = {}) {
    super();
    this.update(modules);
  }
  protected override kept(item: M): M {
    return moduleIn('ModuleDict', item);
  }
}

/** A list of parameters, named '0', '1', …; other tensors become parameters. `new nn.ParameterList([zeros([2]), ones([3])]).parameterCount() // => 5` */
export class ParameterList extends List<Tensor> {
  constructor(tensors: Iterable<Tensor> = []) {
    super();
    this.extend(tensors);
  }
  protected override kept(item: Tensor): Tensor {
    return parameterIn('ParameterList', item);
  }
}

/** Parameters by name; other tensors become parameters. `new nn.ParameterDict({ scale: ones([3]) }).get('scale').requiresGrad // => true` */
export class ParameterDict extends Dictionary<Tensor> {
  constructor(tensors: Readonly<Record<string, Tensor>> = {}) {
    super();
    this.update(tensors);
  }
  protected override kept(item: Tensor): Tensor {
    return parameterIn('ParameterDict', item);
  }
}
