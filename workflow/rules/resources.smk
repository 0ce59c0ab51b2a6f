# What jobs ask a cluster for, in portable terms: mem_mb, runtime (minutes) and gpu; threads are the rules' own.
#
# The figures are those of real runs: Snakemake's benchmarks (results/<scale>/benchmarks/<step>/*.tsv, columns max_rss and
# s) of the scale demo on two processors, and of songs of four minutes at 44.1 kHz with the networks of the scale paper.
# Not measured: a training on a GPU, and tables and figures of the scale paper (their growth is estimated from demo's).
# They are put in terms of what they grow with, times a margin, and grow with every attempt. Where they do not fit a
# corpus or a machine: set-resources in a profile.

from functools import cache
from math import ceil

MARGIN = 1.5  # of memory and time, over what was measured
MOST_GROWTH = 3  # times as much is asked for at most: in the third attempt and later
LONGEST_SONG = 12 * 60.0  # seconds, of real recordings; of a stand-in it is known
USUAL_SONG = 4 * 60.0  # seconds
USUAL_SONGS = 200  # in a corpus whose list is not published
TEST_SHARE = 0.3  # of the songs, at most
LEAST_MINUTES = 20  # the cluster's own delays, and the minutes by which a job is told of its end
TRAINING_SLICE = 24 * 60  # minutes after which a training gives its processors and GPU back, to go on in another job
SNAKEMAKE = 400  # MB of the two Snakemakes that stand between a cluster and a step
MEGABYTE = 1e6

# Step: MB of a process with its libraries; float32 copies of a song (all channels) that each thread holds;
# seconds of a processor per second of music (all songs; for oracles and scores the test songs).
STEPS = {
    "rendering": (1000, 12, 0.5),
    "recordings": (200, 0, 0.01),
    "examination": (200, 4, 0.1),
    "catalog": (200, 0, 0.01),
    "store": (200, 12, 0.1),
    "activity": (300, 14, 0.1),
    "notes": (300, 0, 0.01),
    "mixtures": (300, 0, 0.001),
    "energies": (300, 12, 0.05),
    "clips": (400, 12, 0.05),
    "seconds": (500, 12, 0.02),
    "spectra": (300, 2, 0.02),
    "oracles": (400, 22, 1.5),
    "score": (400, 40, 0.4),  # 24 copies were measured; 16 more are what a Wiener filter holds of the other targets
}
# Step of a paper: MB of a process with its libraries; KB per second of scored music; float32 copies of the longest song;
# minutes.
PAPER_STEPS = {
    "calibration": (200, 0.5, 0, 2),
    "tables": (200, 0.5, 0, 5),
    "claims": (250, 0.5, 0, 5),
    "figures": (350, 0.5, 0, 10),
    "listen": (500, 0, 24, 10),
    "spot_check": (700, 0, 32, 30),
    "report": (500, 0.5, 0, 10),
}
# Training: MB of a process with its libraries, on a processor and with a GPU; bytes and seconds of a processor per value
# of the network's first layer. How long one takes on a GPU: reprosep cost.
TRAINING_PROCESS, GPU_PROCESS = 700, 5000
TRAINING_BYTES, TRAINING_SECONDS = 100, 1.7e-7

# Steps whose networks estimate have a GPU only where separation.device asks for one: then each is a submission of its
# own, since a group would ask for as many GPUs as it has jobs at a time.
ESTIMATING = ("score", "spot_check", "listen")
ESTIMATING_GPUS = estimating_gpus(PARAMS)
ESTIMATING_PLACES = gpu_places(ESTIMATING_GPUS, PARAMS.machine.trainings_per_gpu)


def group_of_estimates(name):
    """The group of a step whose networks estimate."""
    return f"{name}_on_gpu" if ESTIMATING_GPUS else name


def gpu_libraries(step):
    """MB that the libraries of a GPU take in each process of a step."""
    return (GPU_PROCESS - TRAINING_PROCESS) * ESTIMATING_GPUS if step in ESTIMATING else 0


def grown(value, attempt, least=0):
    """A measured figure with its margin, more of it in every attempt, never less than `least`."""
    return ceil(max(value * MARGIN, least) * min(attempt, MOST_GROWTH))


def memory_asked(megabytes, attempt):
    """mem_mb for a step and the Snakemakes around it; never more than a profile says that a node has."""
    limit = workflow.global_resources["mem_mb"].value if "mem_mb" in workflow.global_resources else None
    asked = grown(SNAKEMAKE + megabytes, attempt)
    return asked if limit is None else min(asked, limit)


@cache
def songs(name):
    """(number, seconds of all, seconds of the longest) of the songs of a corpus, as known before it is read."""
    corpus = PARAMS.corpora[name]
    if corpus.standin:
        count, seconds = sum(corpus.standin.songs.values()), corpus.standin.seconds
        return count, count * seconds, seconds
    count = sum(len(song_list(load_version(version))) for version in corpus.versions) or USUAL_SONGS
    return count, count * USUAL_SONG, LONGEST_SONG


def song_size(name, seconds):
    """MB of a song of a corpus as float32."""
    return 4 * seconds * PARAMS.of_corpus(name).audio.sample_rate * PARAMS.corpora[name].channels / MEGABYTE


def longest_song(name):
    """MB of the longest song of a corpus."""
    return song_size(name, songs(name)[2])


def usual_song(name):
    """MB of a song of a corpus on average."""
    return song_size(name, songs(name)[1] / songs(name)[0])


def corpus_of(wildcards):
    """The corpus that a job names, or that of the run that it names."""
    return wildcards.corpus if "corpus" in wildcards.keys() else RUNS[wildcards.run][0].corpus


def figures_of(step, corpus):
    """The measured figures of a step: where recordings are a stand-in, they are rendered."""
    rendered = step == "recordings" and PARAMS.corpora[corpus].standin
    return STEPS["rendering" if rendered else step]


def memory(step, name=None):
    """mem_mb of a step on a corpus: the job's own, or the one called `name`."""

    def megabytes(wildcards, threads, attempt):
        corpus = name or corpus_of(wildcards)
        base, copies, _ = figures_of(step, corpus)
        base += gpu_libraries(step) * threads
        return memory_asked(base + copies * (longest_song(corpus) + (threads - 1) * usual_song(corpus)), attempt)

    return megabytes


def minutes(step, name=None, times=1):
    """runtime of a step on a corpus, done so many times: the job's own, or the one called `name`."""

    def needed(wildcards, threads, attempt):
        corpus = name or corpus_of(wildcards)
        seconds = songs(corpus)[1] * figures_of(step, corpus)[2] * times
        seconds *= TEST_SHARE if step in ("oracles", "score") else 1
        return grown(seconds / threads / 60, attempt, LEAST_MINUTES)

    return needed


def paper_memory(step, *papers):
    """mem_mb of a step that reads the scores of papers."""

    def megabytes(wildcards, attempt):
        base, kilobytes, copies, _ = PAPER_STEPS[step]
        base += gpu_libraries(step)
        names = [name for paper in papers for name in PLAN.every_run_of(paper)]
        corpora = [RUNS[name][0].corpus for name in names]
        scored = sum(TEST_SHARE * songs(corpus)[1] for corpus in corpora)
        longest = max(map(longest_song, corpora), default=0)  # of a paper that is left out there are no runs
        return memory_asked(base + kilobytes * scored / 1000 + copies * longest, attempt)

    return megabytes


def paper_minutes(step, *papers):
    """runtime of a step that reads the scores of papers."""

    def needed(wildcards, attempt):
        return grown(PAPER_STEPS[step][3] * len(papers), attempt, LEAST_MINUTES)

    return needed


def params_of_run(name):
    """The parameters with which a run is computed."""
    return PARAMS.of_corpus(RUNS[name][0].corpus)


def batch_values(name, count):
    """Values of the network's first layer for `count` training items: what memory and time on a processor grow with."""
    return kind_of(RUNS[name][1]).batch_values(params_of_run(name), RUNS[name][1], count)


def epoch_items(name):
    """Training items of an epoch."""
    params, (run, system) = params_of_run(name), RUNS[name]
    count, seconds, _ = songs(run.corpus)
    return params.training.items_per_epoch or kind_of(system).epoch_items(params, system, count, seconds)


def training_memory(*members):
    """mem_mb of trainings: with GPUs that of the libraries of each one's process, else that of the batches as well."""

    def megabytes(wildcards, attempt):
        if PARAMS.training.gpu:
            kept = PARAMS.machine.validation_gigabytes * 1000  # of validation songs, in MB, once per process
            return memory_asked((GPU_PROCESS + kept) * PARAMS.training.gpu, attempt)
        names = members or (wildcards.run,)
        values = sum(batch_values(name, params_of_run(name).training.batch_size) for name in names)
        return grown(SNAKEMAKE + TRAINING_PROCESS + TRAINING_BYTES * values / MEGABYTE, attempt)

    return megabytes


def training_minutes(*members):
    """runtime of trainings: a slice at most, since they go on where they were."""

    def needed(wildcards, attempt):
        if PARAMS.training.gpu:
            return TRAINING_SLICE
        seconds = sum(training_seconds(name) for name in members or (wildcards.run,))
        return min(grown(seconds / 60, attempt, LEAST_MINUTES), TRAINING_SLICE)

    return needed


def training_seconds(name):
    """Seconds of a training on a processor."""
    settings = params_of_run(name).training
    return TRAINING_SECONDS * batch_values(name, epoch_items(name) * settings.epochs) / settings.threads
