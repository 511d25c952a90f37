"""A program that saves books and prints the code of each one that is acknowledged, until killed."""

import asyncio
import sys

from quad.store import Change, Store
from tests.contract.shelf import ADD_BOOK


async def main(url: str) -> None:
    store = await Store.open(url)

    async def save_for_ever(writer: int) -> None:
        number = 0
        while True:
            number += 1
            code = f"{writer}.{number}"
            await store.write(Change(ADD_BOOK, {"code": code}))
            sys.stdout.write(f"{code}\n")
            sys.stdout.flush()

    await asyncio.gather(*map(save_for_ever, range(8)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
