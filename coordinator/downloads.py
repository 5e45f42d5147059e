"""Files on their way to a browser or a program: one as it is, several in one archive."""

import io
import zipfile
from collections.abc import Sequence

from flask import Response

from corridor.publishing.formats.document import Document

ZIP = "application/zip"


def as_download(archive: str, media_type: str, documents: Sequence[Document]) -> Response:
    """A file to be saved; several in one archive of this name."""
    if len(documents) == 1:
        (document,) = documents
        return attached(document.data, document.name, media_type)
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as packed:
        for document in documents:
            packed.writestr(zipfile.ZipInfo(document.name), document.data)  # the same at any time
    return attached(data.getvalue(), archive, ZIP)


def attached(data: bytes, name: str, media_type: str) -> Response:
    """A file to be saved under this name."""
    response = Response(data, content_type=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
