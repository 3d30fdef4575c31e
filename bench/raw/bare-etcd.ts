import { Etcd3 } from 'etcd3';

const value = Buffer.alloc(512, 'value ');

/** etcd3's transactions with nothing around them. */
export class BareEtcd {
  readonly #client: Etcd3;

  constructor(endpoint: string) {
    this.#client = new Etcd3({ hosts: `http://${endpoint}` });
  }

  /** One transaction. */
  async put(transaction: number, puts: number): Promise<void> {
    const success = Array.from({ length: puts }, (_, n) => ({
      request_put: { key: Buffer.from(`raw/${transaction}/${n}`), value },
    }));
    await this.#client.kv.txn({ success });
  }
}
