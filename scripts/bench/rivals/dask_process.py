"""Dask distributed as a contestant: a scheduler and two worker processes. Needs Debian's python3-distributed."""
import json
import logging
import sys
import time

logging.disable(logging.CRITICAL)


def nothing(*_):
    return None


def unique(index):
    return index


def main():
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        print(json.dumps({"missing": "apt-get install python3-distributed"}), flush=True)
        return
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            print(json.dumps({"ready": True}), flush=True)
            for line in sys.stdin:
                scenario, tasks = line.split()
                started = time.perf_counter()
                try:
                    play(client, scenario, int(tasks))
                    print(json.dumps({"ms": (time.perf_counter() - started) * 1000}), flush=True)
                except Exception as error:  # the bench shows it
                    print(json.dumps({"error": repr(error)}), flush=True)


def play(client, scenario, tasks):
    if scenario == "chain":
        last = client.submit(nothing, pure=False)
        for _ in range(tasks - 1):
            last = client.submit(nothing, last, pure=False)
        last.result()
    elif scenario == "fan":
        source = client.submit(nothing, pure=False)
        lanes = [client.submit(nothing, source, index, pure=False) for index in range(tasks - 2)]
        client.submit(nothing, lanes, pure=False).result()
    else:
        client.gather(client.map(unique, range(tasks), pure=False))


if __name__ == "__main__":
    main()
