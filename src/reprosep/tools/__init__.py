"""What a user or a developer asks for beside the line: costs, benchmarks, evaluation, own songs, comparison."""
