"""From a trained run and a mixture to estimates."""
