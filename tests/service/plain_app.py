"""The service under uvicorn, on a Ray that is there already: ``python plain_app.py PORT``. What tests need of a second service
in a second, without Ray Serve's processes."""

from __future__ import annotations

import sys

import uvicorn

from tlray.service.app import build_app
from tlray.service.backend.gateway import Gateway
from tlray.settings import read_settings

if __name__ == "__main__":
    settings = read_settings()
    uvicorn.run(
        build_app(Gateway(settings), settings), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning"
    )
