"""How answers are written: JSON, and every error in one envelope."""
