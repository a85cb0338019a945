import { SYS_FLAG } from '../format/record';
import type { IndexService } from '../index-file/index-service';
import { Fixture, message, removeTempRoots, tempRoot } from '../../test/store-fixture';
import { queryByKey } from './query-by-key';
import type { RecordReader } from './record-reader';

afterAll(removeTempRoots);

/** Found by the crash simulation (seed 2037283): an entry of the index that a power loss brought back. */
it('what the index names is looked at: topic, key, and that it was not rolled back', async () => {
  const fixture = await Fixture.open(tempRoot());
  const { store } = fixture;
  const properties = 'KEYS\u0001k other\u0002';
  const places = [
    message('T', 0, 'it', { properties }),
    message('T', 0, 'rolled back', { properties, sysFlag: SYS_FLAG.transactionRollback }),
    message('U', 0, 'of another topic', { properties }),
    message('T', 0, 'with another key', { properties: 'KEYS\u0001l\u0002' }),
  ].map((each) => store.put(each).physicalOffset);
  await store.whenDurable(store.log.maxOffset());
  const index = { query: (_hash, _begin, _end, visit) => void places.every(visit) } as Pick<IndexService, 'query'>;
  const reader = { recordAt: (offset) => store.messageAt(offset) } as Pick<RecordReader, 'recordAt'>;
  const found = queryByKey(index as IndexService, reader as RecordReader, 'T', 'k', 9, 0, 2 ** 50, 2 ** 50);
  expect(found.records).toEqual([store.messageAt(places[0] as number)]);
  await store.stop();
});
