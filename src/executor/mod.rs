//! Where tries run. The local way is `runner` and the engine's spawner so far; pods come with their feature.
