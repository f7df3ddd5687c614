"""Scripts and styles, packed on their way: what a page needs before its first picture is small."""

from __future__ import annotations

import gzip
import os
from functools import lru_cache
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_PACKED = frozenset({".js", ".css", ".svg"})


class PackedFiles(StaticFiles):
    """Files of ours; those of text are sent as gzip where the browser takes it. Nothing secret is in them."""

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """The file, packed where that helps."""
        answer = super().file_response(full_path, stat_result, scope, status_code)
        path, asked = Path(full_path), Headers(scope=scope)
        takes = "gzip" in asked.get("accept-encoding", "") and "range" not in asked
        if not isinstance(answer, FileResponse) or path.suffix not in _PACKED:
            return answer
        answer.headers["Vary"] = "Accept-Encoding"
        if not takes:
            return answer
        headers = {
            name: value for name, value in answer.headers.items() if name not in ("content-length", "etag")
        }
        headers |= {"Content-Encoding": "gzip", "ETag": f"W/{answer.headers['etag']}"}
        return Response(_packed(path, stat_result.st_mtime_ns), status_code, headers)


@lru_cache(maxsize=128)
def _packed(path: Path, _changed: int) -> bytes:
    return gzip.compress(path.read_bytes(), 9, mtime=0)
