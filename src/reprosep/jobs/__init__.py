"""How a job runs on its machine: signals, processes, devices. Nothing here changes a number."""
