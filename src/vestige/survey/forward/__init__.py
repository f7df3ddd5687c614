"""The forward model: what lies in the ground, what a gradiometer records of it, and how it is walked."""
