"""Sound files in: by libsndfile where it reads the format, by ffmpeg for the rest. What a file is tells its content.

Conventions
-----------
Samples are float32 in [-1, 1], shape ``(sample, channel)``; those of float files may be beyond.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile

from reprosep.audio.ffmpeg import Stream, audio_streams, decoded_blocks
from reprosep.audio.flac import Checksum, check_rate
from reprosep.audio.headers import Corrections, corrections
from reprosep.audio.info import CODEC_SAMPLES, SoundInfo, truncated
from reprosep.audio.mpeg import has_frame_count
from reprosep.base.errors import UserError

_SUFFIXES = """
    .3g2 .3ga .3gp .8svx .aac .ac3 .adts .aif .aifc .aiff .amr .ape .asf .au .avi .avr .bwf .bw64 .caf
    .dff .dsf .dts .dtshd .ec3 .eac3 .f4a .f4v .flac .flv .gsm .iff .ircam .loas .m2ts .m4a .m4b .m4p
    .m4r .m4v .mj2 .mka .mkv .mlp .mov .mp1 .mp2 .mp3 .mp4 .mpa .mpc .mpeg .mpg .mts .mxf .nist .nut
    .oga .ogg .ogv .ogx .oma .opus .paf .pvf .qt .ra .rf64 .riff .rifx .rm .sds .sd2 .sf .snd .sph
    .spx .tak .thd .tta .voc .w64 .wav .wave .wavex .weba .webm .wma .wmv .wv .wve .xa
"""
SOUND_SUFFIXES = frozenset(_SUFFIXES.split())
"""Suffixes that say of a name that it is a sound file's, in small letters; what the file is tells its content."""

_RATES = range(1_000, 1_000_001)  # Hz
_UNKNOWN = 2**62  # frames of a flac whose header does not tell them: libsndfile gives the largest number there is
_MOST_CHANNELS = 256
_BLOCK, _LARGEST = 2**18, 2**27  # samples decoded at a time: where their number is unknown, and at most of all channels
_EXACT_SUBTYPES = ("PCM_", "FLOAT", "DOUBLE", "ULAW", "ALAW")
_FAILURES = (soundfile.LibsndfileError, RuntimeError, ValueError)


def sound_info(path: str | Path, stream: int = 0) -> SoundInfo:
    """Header of a sound file; `stream` counts the audio streams of a container such as ``.stem.mp4``.

    A file whose header does not tell its length is decoded to count its samples.

    Raises
    ------
    UserError
        When the file is missing, empty, truncated, 8-bit, no format that can be read, has a sample rate that no sound
        has, or no such stream.
    """
    source = _Source.of(Path(path), stream)
    if source.samples is not None:
        return SoundInfo(source.sample_rate, source.channels, source.samples, source.by_ffmpeg is None)
    samples = sum(len(block) for block in _checked_blocks(source, _BLOCK))
    return SoundInfo(source.sample_rate, source.channels, samples)


def stream_infos(path: str | Path) -> list[SoundInfo]:
    """Headers of all audio streams of a container such as ``.stem.mp4``, in their order, by one call of ffprobe.

    Raises
    ------
    UserError
        When the file is missing, empty, truncated, or no container with sound in it.
    """
    path = Path(path)
    _check_present(path)
    corrections(path)
    return [SoundInfo(one.sample_rate, one.channels, one.samples or 0, exact=False) for one in audio_streams(path)]


def read_sound(path: str | Path, stream: int = 0) -> tuple[np.ndarray, int]:
    """Samples ``(sample, channel)`` float32 and sample rate in Hz; `stream` as in :func:`sound_info`.

    Raises
    ------
    UserError
        As :func:`sound_info`, and when a sample is not a finite number.
    """
    source = _Source.of(Path(path), stream)
    size = _BLOCK
    if source.samples:  # at once where that can be
        size = min(source.samples + CODEC_SAMPLES, _LARGEST // source.channels)
    blocks = list(_checked_blocks(source, size))
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks), source.sample_rate


def sound_blocks(path: str | Path, stream: int, size: int) -> Iterator[np.ndarray]:
    """The samples of :func:`read_sound` in blocks of `size`, the last of them shorter; raises what that raises."""
    yield from _checked_blocks(_Source.of(Path(path), stream), size)


def is_seekable(path: Path) -> bool:
    """Whether libsndfile finds every sample of a file by its number, so that it need not be decoded as a whole."""
    source = _Source.of(path, 0)
    if source.by_ffmpeg or source.corrections:
        return False
    with _opened(path) as file:
        return file.format != "OGG" and file.subtype.startswith(_EXACT_SUBTYPES)


def resample(samples: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """``(sample, channel)`` at another rate (soxr, high quality); the input itself when the rates are equal."""
    if rate == wanted:
        return samples
    import soxr  # whoever only scores does without it

    return soxr.resample(samples, rate, wanted, quality="HQ")


def to_channels(samples: np.ndarray, channels: int) -> np.ndarray:
    """``(sample, channel)`` with one channel (the mean of all) or two (mono doubled, more than two averaged)."""
    if samples.shape[1] == channels:
        return samples
    mono = samples.mean(axis=1, keepdims=True, dtype=np.float32)
    return np.repeat(mono, channels, axis=1)


@dataclass(frozen=True)
class _Source:
    """A sound file with who reads it; `samples` are None where the header does not tell them."""

    path: Path
    stream: int
    sample_rate: int
    channels: int
    samples: int | None
    corrections: Corrections = ()
    by_ffmpeg: Stream | None = None  # None: by libsndfile

    @classmethod
    def of(cls, path: Path, stream: int) -> _Source:
        _check_present(path)
        mended = corrections(path)
        source = (cls._native(path, mended) if stream == 0 else None) or cls._by_ffmpeg(path, stream)
        if source.sample_rate not in _RATES:
            raise UserError(
                f"{path}: its header says {source.sample_rate} Hz, expected {_RATES[0]} to {_RATES[-1]} Hz; "
                "export the file again"
            )
        if not 0 < source.channels <= _MOST_CHANNELS:
            raise UserError(
                f"{path}: its header says {source.channels} channels, expected 1 to {_MOST_CHANNELS}; "
                "export the file again"
            )
        if source.samples == 0:
            raise UserError(f"{path}: holds no samples; get the file anew from its source", "empty-file")
        return source

    @classmethod
    def _native(cls, path: Path, mended: Corrections) -> _Source | None:
        """None where libsndfile does not read the file, or not rightly."""
        try:
            with _opened(path, mended) as file:
                form, subtype, frames = file.format, file.subtype, file.frames
                source = cls(path, 0, file.samplerate, file.channels, frames, mended)
        except _FAILURES:
            return None
        if form == "VOC" or frames >= _UNKNOWN:  # it takes the headers of voc's blocks for samples
            return None
        if subtype in ("PCM_U8", "PCM_S8"):
            raise UserError(
                f"{path}: 8-bit samples, expected at least 16 bits; get the file anew from its source", "unreadable"
            )
        if form == "FLAC":
            check_rate(path)
            source._check_end()
        if form == "MP3" and not has_frame_count(path):
            return replace(source, samples=None)
        return source

    @classmethod
    def _by_ffmpeg(cls, path: Path, number: int) -> _Source:
        streams = audio_streams(path)
        if number >= len(streams):
            raise UserError(
                f"{path}: no audio stream {number} in it (the first is 0); expected a stems file with all its streams, "
                "get it anew from its source"
            )
        stream = streams[number]
        samples = stream.samples if stream.exact else None
        return cls(path, number, stream.sample_rate, stream.channels, samples, by_ffmpeg=stream)

    def _check_end(self) -> None:
        """A truncated flac is one in which its last sample cannot be found; only then it is decoded."""
        assert self.samples is not None
        with _opened(self.path) as file, suppress(*_FAILURES):
            file.seek(self.samples - 1)
            if len(file.read(1)):
                return
        for _ in _checked_blocks(self, _BLOCK):
            pass


@contextmanager
def _opened(path: Path, mended: Corrections = ()) -> Iterator[soundfile.SoundFile]:
    """By its descriptor, so that libsndfile sees neither the name, whatever its bytes, nor the suffix."""
    with (
        _Mended(path, mended) if mended else open(path, "rb") as file,
        soundfile.SoundFile(file if mended else file.fileno(), closefd=False) as sound,
    ):
        yield sound


class _Mended(io.FileIO):
    """A file that is read with some of its bytes put right."""

    def __init__(self, path: Path, mended: Corrections) -> None:
        super().__init__(os.open(path, os.O_RDONLY))  # libsndfile gets no name
        self._mended = mended

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        start = self.tell()
        count = super().readinto(buffer) or 0
        view = memoryview(buffer).cast("B")
        for place, content in self._mended:
            for offset, byte in enumerate(content, place - start):
                if 0 <= offset < count:
                    view[offset] = byte
        return count


def _check_present(path: Path) -> None:
    there = False
    with suppress(OSError):  # of names that no file can have
        there = path.is_file()
    if not there:
        raise UserError(f"{path}: no such file; check the spelling, or get the missing file from its source", "no-file")
    if not os.access(path, os.R_OK):
        raise UserError(f"{path}: may not be read; give yourself the permission (chmod u+r)", "unreadable")
    if path.stat().st_size == 0:
        raise UserError(f"{path}: the file is empty (0 bytes); get it anew from its source", "empty-file")


def _checked_blocks(source: _Source, size: int) -> Iterator[np.ndarray]:
    done, checksum = 0, Checksum.of(source.path)
    for block in _blocks(source, size):
        _check_finite(source.path, block, done)
        if checksum:
            checksum.take(block)
        done += len(block)
        yield block
    allowed = max(CODEC_SAMPLES, source.sample_rate // 10) if source.by_ffmpeg else 0
    if source.samples is not None and done < source.samples - allowed:
        raise truncated(source.path, source.samples, done, "samples")
    if not done:
        raise UserError(f"{source.path}: holds no samples; get the file anew from its source", "empty-file")
    if checksum and not checksum.fits():
        raise UserError(
            f"{source.path}: damaged, its samples do not fit the checksum in its header; copy or download it again",
            "unreadable",
        )


def _check_finite(path: Path, samples: np.ndarray, done: int = 0) -> None:
    """`done` samples of the file came before these."""
    if not np.isfinite(samples).all():
        first = done + int(np.argmin(np.isfinite(samples).all(axis=1)))
        raise UserError(
            f"{path}: sample {first} is not a finite number (NaN or infinity); export the file again", "not-a-number"
        )


def _blocks(source: _Source, size: int) -> Iterator[np.ndarray]:
    if source.by_ffmpeg:
        yield from decoded_blocks(source.by_ffmpeg, size, strict=source.samples is None)
        return
    done = 0
    try:
        with _opened(source.path, source.corrections) as file:
            while len(block := file.read(size, dtype="float32", always_2d=True)):
                done += len(block)
                yield block
        return
    except _FAILURES:
        pass  # a place in the file that only ffmpeg may read
    for block in decoded_blocks(audio_streams(source.path)[0], size, strict=True):
        if done < len(block):
            yield block[done:]
        done = max(0, done - len(block))
