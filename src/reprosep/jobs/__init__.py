"""How a job runs on its machine: processes, devices, files. Nothing here changes a number."""
