"""Why a contender won: what its network looks at, whether that is so, and what it withstands."""
