"""Which files are taken as evidence, and under which name they are shown."""

import codecs
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Mapping
from typing import BinaryIO, Final
from xml.parsers import expat

import filetype

from shared.errors import Conflict, Invalid, NotFound

# Of one execution, whoever added them.
MOST_FILES: Final = 50
MOST_BYTES: Final = 200 * 1024 * 1024
_NAME_BYTES: Final = 200
# Extension → media type we give the file back as.
MEDIA_TYPES: Final[Mapping[str, str]] = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "zip": "application/zip",
    "txt": "text/plain",
    "csv": "text/csv",
}
_TEXTS: Final = frozenset({"txt", "csv"})
TEXT_TYPES: Final = frozenset(MEDIA_TYPES[extension] for extension in _TEXTS)
# Office documents are archives: a library that looks at the first bytes may see no more.
_ARCHIVES: Final = frozenset({"docx", "xlsx", "pptx", "odt", "ods", "zip"})
OFFICE_TYPES: Final = frozenset(MEDIA_TYPES[extension] for extension in _ARCHIVES - {"zip"})
_SEEN_AS: Final[Mapping[str, frozenset[str]]] = {
    "pdf": frozenset({"pdf"}),
    "png": frozenset({"png"}),
    "jpg": frozenset({"jpg"}),
    "jpeg": frozenset({"jpg"}),
    **{extension: frozenset({extension, "zip"}) for extension in _ARCHIVES},
}
# Control, format (direction, zero width), surrogate, private and unassigned characters.
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Devices, to Windows, whatever comes after the first dot.
_DEVICE: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])\.", re.IGNORECASE)
_MACROS: Final = b"vbaproject.bin"
# What an office document calls the types of a program, and of the documents and sheets with one.
_MACRO_TYPES: Final = ("vbaproject", "vbadata", "macroenabled", "macrosheet")
_TYPES: Final = "[content_types].xml"
# Of an office document: the largest have thousands of parts, and kilobytes of types.
_PARTS: Final = 10_000
_TYPES_BYTES: Final = 2 * 1024 * 1024
# Stands before each part in an archive's table.
_PART: Final = b"PK\x01\x02"
_PIECE: Final = 64 * 1024
_DAMAGED: Final = "Файл повреждён: его части не читаются. Сохраните его заново."


class FileNotTaken(Invalid):
    """The file is empty, of a type we do not take, or not what its name says."""

    code = "file_not_taken"
    title = "Такой файл не принимается"


class FileNotFound(NotFound):
    """No file the actor may see has this id."""

    code = "file_not_found"
    title = "Файл не найден"


class FileInUse(Conflict):
    """The file is evidence of a report."""

    code = "file_in_use"
    title = "Файл приложен к отчёту"


class TooManyFiles(Conflict):
    """The execution has as many files as it may have."""

    code = "files_too_many"
    title = "У исполнения слишком много файлов"


class TooManyBytes(Conflict):
    """With this file the files of the execution would be larger than they may be."""

    code = "files_too_large"
    title = "Файлы исполнения слишком велики"


class FileUnknown(Invalid):
    """The report names a file that is not of this execution."""

    code = "file_unknown"
    title = "Файл не найден у этого исполнения"


def check_room(files: int, total: int, *, size: int) -> None:
    """Whether a file of so many bytes may come to so many files of so many bytes in all.

    Raises `TooManyFiles`, `TooManyBytes`.
    """
    if files >= MOST_FILES:
        raise TooManyFiles(
            f"К исполнению прикладывают не больше {MOST_FILES} файлов: уберите лишние.",
            field="body.file",
        )
    if total + size > MOST_BYTES:
        raise TooManyBytes(
            f"Файлы исполнения вместе — не больше {MOST_BYTES // 2**20} МиБ: уберите лишние.",
            field="body.file",
        )


def shown_name(given: str) -> str:
    """The name without folders and tricks, short enough for any file system.

    Raises `FileNotTaken` where nothing is left of it.
    """
    name = re.split(r"[/\\]", unicodedata.normalize("NFC", given))[-1]
    name = "".join(one for one in name if unicodedata.category(one) not in _HIDDEN)
    name = re.sub(r'[<>:"|?*]', "_", name).strip(" .")
    stem, dot, extension = name.rpartition(".")
    if not dot or not stem:
        raise FileNotTaken("У файла нет имени с расширением.", field="body.file")
    if _DEVICE.match(name):
        stem = f"_{stem}"
    room = _NAME_BYTES - len(extension.encode()) - 1
    return f"{stem.encode()[:room].decode(errors='ignore').rstrip()}.{extension}"


def media_type(name: str, head: bytes) -> str:
    """The media type of a file by its name and first bytes, which must agree.

    Raises `FileNotTaken`.
    """
    extension = name.rpartition(".")[2].lower()
    if extension not in MEDIA_TYPES:
        taken = ", ".join(sorted(MEDIA_TYPES))
        raise FileNotTaken(f"Принимаются файлы: {taken}.", field="body.file")
    if not head:
        raise FileNotTaken("Файл пуст.", field="body.file")
    kind = filetype.guess(head)
    seen = kind.extension if kind is not None else None
    if not (seen is None if extension in _TEXTS else seen in _SEEN_AS[extension]):
        raise FileNotTaken("Содержимое файла не соответствует его расширению.", field="body.file")
    return MEDIA_TYPES[extension]


class MacroCheck:
    """Whether an office document has no macros: neither by the names of its parts nor by types.

    A program is run by its type, whatever its part is called.
    """

    def __init__(self) -> None:
        self._end = b""
        self._parts = 0

    def feed(self, piece: bytes) -> None:
        """Look at the next piece: an archive tells the names of its parts in clear.

        Raises `FileNotTaken`.
        """
        seen = self._end + piece
        if _MACROS in seen.lower():
            raise _macros()
        self._parts += seen.count(_PART) - self._end.count(_PART)
        if self._parts > _PARTS:
            raise FileNotTaken("В файле слишком много частей.", field="body.file")
        self._end = seen[-len(_MACROS) :]

    def finish(self, content: BinaryIO) -> None:
        """Look at the types of the parts, once every piece has been fed. Raises `FileNotTaken`."""
        try:
            with zipfile.ZipFile(content) as archive:
                for part in archive.infolist():
                    if part.filename.lstrip("/\\").lower() == _TYPES:
                        _look_at_types(archive, part)
        # What is damaged, encrypted, packed in a way we do not know, or no XML.
        except (
            *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError),
            *(expat.ExpatError, LookupError, ValueError, OSError),
        ) as error:
            raise FileNotTaken(_DAMAGED, field="body.file") from error


def _look_at_types(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    parser = expat.ParserCreate()

    def start(_: str, attributes: dict[str, str]) -> None:
        if any(one in value.lower() for value in attributes.values() for one in _MACRO_TYPES):
            raise _macros()

    def refuse(*_: object) -> None:
        raise FileNotTaken(_DAMAGED, field="body.file")

    parser.StartElementHandler = start
    # Entities need a document type; no office writes one.
    parser.StartDoctypeDeclHandler = refuse
    taken = 0
    with archive.open(part) as types:
        while piece := types.read(_PIECE):
            taken += len(piece)
            if taken > _TYPES_BYTES:
                refuse()
            parser.Parse(piece, False)
    parser.Parse(b"", True)


def _macros() -> FileNotTaken:
    return FileNotTaken("В файле есть макросы: сохраните его без них.", field="body.file")


class TextCheck:
    """Whether pieces of a file make up a text, in UTF-8 or in Windows-1251."""

    def __init__(self) -> None:
        self._decoders = [codecs.getincrementaldecoder(name)() for name in ("utf-8", "cp1251")]

    def feed(self, piece: bytes, *, final: bool = False) -> None:
        """Look at the next piece. Raises `FileNotTaken`."""
        for decoder in list(self._decoders):
            try:
                decoder.decode(piece, final)
            except UnicodeDecodeError:
                self._decoders.remove(decoder)
        if b"\x00" in piece or not self._decoders:
            raise FileNotTaken("Файл назван текстом, но текста в нём нет.", field="body.file")
