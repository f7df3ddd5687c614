// As far as our modules must know it; written by hand.
export const Circle: any, Feature: any, Fill: any, GeoJSON: any, ImageCanvas: any, ImageLayer: any, ImageStatic: any;
export const Map: any, MultiPolygon: any, Point: any, Projection: any, ScaleLine: any, Stroke: any, Style: any;
export const Text: any, TileGrid: any, TileImage: any, TileLayer: any, VectorLayer: any, VectorSource: any, View: any;
