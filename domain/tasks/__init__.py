"""Work that goes on after an answer was sent: the jobs that events call for."""
