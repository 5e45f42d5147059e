"""Case files on their way in: straight into their own folder, and out of it with the request.

Werkzeug would put them into the system's folder for temporary files, where they might stay.
"""

from typing import IO, cast

from flask import Request

from corridor.node.import_desk import UploadFolder


class ConsoleRequest(Request):
    """A request whose files go where its view wants them, where it wants any."""

    upload_folder: UploadFolder | None = None

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        if self.upload_folder is None:
            return super()._get_file_stream(
                total_content_length, content_type, filename, content_length
            )
        return self.upload_folder.path_for(filename or "").open("w+b")


def upload_folder_of(request: Request) -> UploadFolder | None:
    """Where the files of this request went."""
    return cast("ConsoleRequest", request).upload_folder
