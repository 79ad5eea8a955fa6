//! Fuzz targets for every decoder; corpora replayed as ordinary tests
